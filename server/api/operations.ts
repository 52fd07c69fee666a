import type { z } from 'zod';
import * as answer from './answers.js';
import * as schema from './schema.js';

export interface Operation {
  method: 'get' | 'post' | 'patch' | 'delete';
  path: string;
  summary: string;
  status: 200 | 201 | 202 | 204;
  /** What is answered; null for no body, a media type for what is not JSON. */
  answer: z.ZodType | null | 'text/csv';
  body?: z.ZodType;
  query?: readonly string[];
}

const page = ['cursor', 'limit'];
const picker = { status: 200, answer: answer.pickerPage, query: ['search', ...page] } as const;
const issues = ['connectionId', 'code'];

/** Every route under /api/v1, in one place; a test compares it with what is served. */
export const operations: readonly Operation[] = [
  {
    method: 'get',
    path: '/account',
    summary: 'Portal, Klaviyo accounts, usage, connections in short',
    status: 200,
    answer: answer.account,
  },
  { method: 'get', path: '/overview', summary: 'State of all connections', status: 200, answer: answer.overview },
  {
    method: 'get',
    path: '/klaviyo-accounts',
    summary: 'Connected Klaviyo accounts',
    status: 200,
    answer: answer.klaviyoAccountPage,
  },
  {
    method: 'post',
    path: '/klaviyo-accounts',
    summary: 'Connect by private key; the key is checked at once',
    status: 201,
    answer: answer.klaviyoAccount,
    body: schema.apiKeySchema,
  },
  {
    method: 'post',
    path: '/klaviyo-accounts/oauth-link',
    summary: 'A short-lived link that begins OAuth with Klaviyo',
    status: 201,
    answer: answer.oauthLink,
  },
  { method: 'delete', path: '/klaviyo-accounts/{id}', summary: 'Disconnect', status: 204, answer: null },
  { method: 'get', path: '/hubspot/lists', summary: 'HubSpot lists', ...picker },
  { method: 'get', path: '/klaviyo-accounts/{id}/lists', summary: 'Klaviyo lists', ...picker },
  { method: 'get', path: '/klaviyo-accounts/{id}/segments', summary: 'Klaviyo segments', ...picker },
  { method: 'get', path: '/klaviyo-accounts/{id}/flows', summary: 'Klaviyo flows', ...picker },
  { method: 'get', path: '/klaviyo-accounts/{id}/campaigns', summary: 'Klaviyo email campaigns', ...picker },
  {
    method: 'get',
    path: '/fields',
    summary: 'Fields of both sides and the proposed mappings',
    status: 200,
    answer: answer.fields,
    query: ['klaviyoAccountId'],
  },
  {
    method: 'post',
    path: '/fields/refresh',
    summary: 'Read the fields of both sides again',
    status: 200,
    answer: answer.fields,
    body: schema.refreshFieldsSchema,
  },
  {
    method: 'post',
    path: '/fields/klaviyo',
    summary: 'Add a Klaviyo property by name',
    status: 201,
    answer: answer.klaviyoField,
    body: schema.newPropertySchema,
  },
  { method: 'get', path: '/connections', summary: 'Connections', status: 200, answer: answer.connectionPage },
  {
    method: 'post',
    path: '/connections',
    summary: 'Draft a connection',
    status: 201,
    answer: answer.connection,
    body: schema.newConnectionSchema,
  },
  { method: 'get', path: '/connections/{id}', summary: 'One connection', status: 200, answer: answer.connection },
  {
    method: 'patch',
    path: '/connections/{id}',
    summary: 'Change a connection; options are merged key by key',
    status: 200,
    answer: answer.connection,
    body: schema.connectionPatchSchema,
  },
  {
    method: 'delete',
    path: '/connections/{id}',
    summary: 'Delete a connection; nobody is removed or unsubscribed',
    status: 204,
    answer: null,
  },
  {
    method: 'post',
    path: '/connections/{id}/preview',
    summary: 'Dry run over everybody, or a sample: writes nothing',
    status: 202,
    answer: answer.previewStarted,
    body: schema.previewSchema,
  },
  {
    method: 'get',
    path: '/connections/{id}/preview/{previewId}',
    summary: 'What the connection would do, counted, with samples',
    status: 200,
    answer: answer.preview,
  },
  {
    method: 'get',
    path: '/connections/{id}/preview/{previewId}/rows',
    summary: 'Person by person what the connection would do',
    status: 200,
    answer: answer.previewPage,
    query: ['action', ...page],
  },
  {
    method: 'post',
    path: '/history/{changeId}/undo',
    summary: 'Take back one change; with dryRun only shown (200)',
    status: 202,
    answer: answer.undo,
    body: schema.undoSchema,
  },
  {
    method: 'post',
    path: '/runs/{runId}/undo',
    summary: 'Take back a run; with dryRun only shown (200)',
    status: 202,
    answer: answer.undo,
    body: schema.undoSchema,
  },
  {
    method: 'post',
    path: '/contacts/{hubspotId}/undo',
    summary: 'Take back what was written to a contact and its profile; with dryRun only shown (200)',
    status: 202,
    answer: answer.undo,
    body: schema.undoSchema,
  },
  {
    method: 'post',
    path: '/connections/{id}/undo',
    summary: 'Take back everything since a moment; with dryRun only shown (200)',
    status: 202,
    answer: answer.undo,
    body: schema.undoSinceSchema,
  },
  {
    method: 'post',
    path: '/connections/{id}/activate',
    summary: 'Start syncing',
    status: 202,
    answer: answer.startedConnection,
  },
  { method: 'post', path: '/connections/{id}/pause', summary: 'Rest', status: 202, answer: answer.connection },
  {
    method: 'post',
    path: '/connections/{id}/resume',
    summary: 'Go on after a pause',
    status: 202,
    answer: answer.startedConnection,
  },
  { method: 'post', path: '/connections/{id}/sync', summary: 'Sync now', status: 202, answer: answer.started },
  {
    method: 'get',
    path: '/connections/{id}/status',
    summary: 'Counts, lag, progress, budget',
    status: 200,
    answer: answer.status,
  },
  {
    method: 'get',
    path: '/connections/{id}/runs',
    summary: 'Runs, newest first',
    status: 200,
    answer: answer.runPage,
    query: page,
  },
  {
    method: 'get',
    path: '/issues',
    summary: 'Open issues',
    status: 200,
    answer: answer.issuePage,
    query: [...issues, ...page],
  },
  {
    method: 'get',
    path: '/issues/groups',
    summary: 'Open issues by cause',
    status: 200,
    answer: answer.issueGroups,
    query: issues,
  },
  { method: 'get', path: '/issues.csv', summary: 'Open issues as CSV', status: 200, answer: 'text/csv', query: issues },
  {
    method: 'post',
    path: '/issues/retry',
    summary: 'Retry all issues, or those of a connection or cause',
    status: 202,
    answer: answer.retried,
    body: schema.retryManySchema,
  },
  { method: 'post', path: '/issues/{id}/retry', summary: 'Retry one', status: 202, answer: answer.issue },
  {
    method: 'post',
    path: '/issues/repair',
    summary: 'Do what the buttons of these issues say, each distinct repair once',
    status: 202,
    answer: answer.repaired,
    body: schema.retryManySchema,
  },
  {
    method: 'post',
    path: '/issues/{id}/repair',
    summary: 'Do what the issue’s button says',
    status: 202,
    answer: answer.issue,
  },
  { method: 'post', path: '/issues/{id}/ignore', summary: 'Set one aside', status: 202, answer: answer.issue },
  { method: 'get', path: '/contacts/{hubspotId}', summary: 'The contact card', status: 200, answer: answer.contact },
  {
    method: 'post',
    path: '/contacts/{hubspotId}/sync',
    summary: 'Sync this contact now',
    status: 202,
    answer: answer.accepted,
  },
  {
    method: 'get',
    path: '/history',
    summary: 'What was written, newest first',
    status: 200,
    answer: answer.historyPage,
    query: ['contactId', 'runId', 'connectionId', ...page],
  },
];
