import { z } from 'zod';
import * as schema from './schema.js';

interface Operation {
  method: 'get' | 'post' | 'patch' | 'delete';
  path: string;
  summary: string;
  status: number;
  body?: z.ZodType;
  query?: string[];
}

const page = ['cursor', 'limit'];

/** Every route under /api/v1, in one place; a test compares it with what Express serves. */
export const operations: Operation[] = [
  { method: 'get', path: '/account', summary: 'Portal, Klaviyo accounts, usage, connections in short', status: 200 },
  { method: 'get', path: '/overview', summary: 'State of all connections', status: 200 },
  { method: 'get', path: '/klaviyo-accounts', summary: 'Connected Klaviyo accounts', status: 200 },
  {
    method: 'post',
    path: '/klaviyo-accounts',
    summary: 'Connect by private key; the key is checked at once',
    status: 201,
    body: schema.apiKeySchema,
  },
  {
    method: 'post',
    path: '/klaviyo-accounts/oauth-link',
    summary: 'A short-lived link that begins OAuth with Klaviyo',
    status: 201,
  },
  { method: 'delete', path: '/klaviyo-accounts/{id}', summary: 'Disconnect', status: 204 },
  { method: 'get', path: '/hubspot/lists', summary: 'HubSpot lists', status: 200, query: ['search', ...page] },
  {
    method: 'get',
    path: '/klaviyo-accounts/{id}/lists',
    summary: 'Klaviyo lists',
    status: 200,
    query: ['search', ...page],
  },
  {
    method: 'get',
    path: '/klaviyo-accounts/{id}/segments',
    summary: 'Klaviyo segments',
    status: 200,
    query: ['search', ...page],
  },
  {
    method: 'get',
    path: '/klaviyo-accounts/{id}/flows',
    summary: 'Klaviyo flows',
    status: 200,
    query: ['search', ...page],
  },
  {
    method: 'get',
    path: '/klaviyo-accounts/{id}/campaigns',
    summary: 'Klaviyo email campaigns',
    status: 200,
    query: ['search', ...page],
  },
  {
    method: 'get',
    path: '/fields',
    summary: 'Fields of both sides and the proposed mappings',
    status: 200,
    query: ['klaviyoAccountId'],
  },
  {
    method: 'post',
    path: '/fields/refresh',
    summary: 'Read the fields of both sides again',
    status: 200,
    body: schema.refreshFieldsSchema,
  },
  {
    method: 'post',
    path: '/fields/klaviyo',
    summary: 'Add a Klaviyo property by name',
    status: 201,
    body: schema.newPropertySchema,
  },
  { method: 'get', path: '/connections', summary: 'Connections', status: 200 },
  {
    method: 'post',
    path: '/connections',
    summary: 'Draft a connection',
    status: 201,
    body: schema.newConnectionSchema,
  },
  { method: 'get', path: '/connections/{id}', summary: 'One connection', status: 200 },
  {
    method: 'patch',
    path: '/connections/{id}',
    summary: 'Change a connection; options are merged key by key',
    status: 200,
    body: schema.connectionPatchSchema,
  },
  {
    method: 'delete',
    path: '/connections/{id}',
    summary: 'Delete a connection; nobody is removed or unsubscribed',
    status: 204,
  },
  { method: 'post', path: '/connections/{id}/activate', summary: 'Start syncing', status: 202 },
  { method: 'post', path: '/connections/{id}/pause', summary: 'Rest', status: 202 },
  { method: 'post', path: '/connections/{id}/resume', summary: 'Go on after a pause', status: 202 },
  { method: 'post', path: '/connections/{id}/sync', summary: 'Sync now', status: 202 },
  { method: 'get', path: '/connections/{id}/status', summary: 'Counts, lag, progress, budget', status: 200 },
  { method: 'get', path: '/connections/{id}/runs', summary: 'Runs, newest first', status: 200, query: page },
  { method: 'get', path: '/issues', summary: 'Open issues', status: 200, query: ['connectionId', 'code', ...page] },
  {
    method: 'get',
    path: '/issues/groups',
    summary: 'Open issues by cause',
    status: 200,
    query: ['connectionId', 'code'],
  },
  { method: 'get', path: '/issues.csv', summary: 'Open issues as CSV', status: 200, query: ['connectionId', 'code'] },
  {
    method: 'post',
    path: '/issues/retry',
    summary: 'Retry all issues, or those of a connection or cause',
    status: 202,
    body: schema.retryManySchema,
  },
  { method: 'post', path: '/issues/{id}/retry', summary: 'Retry one', status: 202 },
  { method: 'post', path: '/issues/{id}/ignore', summary: 'Set one aside', status: 202 },
  { method: 'get', path: '/contacts/{hubspotId}', summary: 'The contact card', status: 200 },
  { method: 'post', path: '/contacts/{hubspotId}/sync', summary: 'Sync this contact now', status: 202 },
  {
    method: 'get',
    path: '/history',
    summary: 'What was written, newest first',
    status: 200,
    query: ['contactId', 'runId', 'connectionId', ...page],
  },
];

/** The interface as OpenAPI 3.1, its bodies made from the zod schemas that check them. */
export function openApi(publicUrl: string): Record<string, unknown> {
  const error = { $ref: '#/components/schemas/Error' };
  const paths: Record<string, Record<string, unknown>> = {};
  for (const { method, path, summary, status, body, query = [] } of operations) {
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '');
    paths[path] = {
      ...paths[path],
      [method]: {
        summary,
        parameters: [
          ...inPath.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } })),
          ...['portalId', 'userId', 'userEmail', 'appId'].map((name) => ({
            name,
            in: 'query',
            required: name === 'portalId',
            schema: { type: 'string' },
          })),
          ...query.map((name) => ({
            name,
            in: 'query',
            required: name === 'klaviyoAccountId',
            schema: { type: 'string' },
          })),
        ],
        ...(body === undefined
          ? {}
          : {
              requestBody: {
                required: true,
                content: { 'application/json': { schema: z.toJSONSchema(body, { io: 'input' }) } },
              },
            }),
        responses: {
          [status]: { description: summary },
          default: {
            description: 'Refused, with the reason and what to do',
            content: { 'application/json': { schema: error } },
          },
        },
      },
    };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Tandem',
      version: '1',
      description: 'Called by HubSpot’s fetch proxy; every request carries HubSpot’s v3 signature.',
    },
    servers: [{ url: `${publicUrl}/api/v1` }],
    paths,
    components: {
      schemas: {
        Error: {
          type: 'object',
          required: ['error'],
          properties: {
            error: {
              type: 'object',
              required: ['code', 'message', 'fix'],
              properties: {
                code: { type: 'string' },
                message: { type: 'string' },
                fix: { type: 'string' },
                field: { type: 'string' },
              },
            },
          },
        },
      },
    },
  };
}
