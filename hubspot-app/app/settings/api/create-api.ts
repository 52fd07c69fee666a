import type {
  Account,
  Connection,
  Explanation,
  Fields,
  HistoryFilter,
  HistoryRow,
  Issue,
  IssueFilter,
  IssueGroup,
  KlaviyoAccount,
  KlaviyoField,
  Overview,
  Page,
  Parity,
  PickerItem,
  Preview,
  PreviewPerson,
  Run,
  Status,
  UndoShown,
} from '../api-types.js';
import { problemOf } from './problem.js';

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';
type Body = Record<string, unknown>;

/** `hubspot.fetch`, or what a test puts in its place. */
export type Fetch = (
  url: string,
  options: { method: Method; timeout: number; body?: Body },
) => Promise<{ status: number; text(): Promise<string> }>;

/** What can be taken back: a change, a run, a contact, or everything of a connection since a time. */
export type UndoSubject =
  | { changeId: string }
  | { runId: string }
  | { hubspotId: string; connectionId?: string }
  | { connectionId: string; since: string };

export type Picker = 'lists' | 'segments' | 'flows' | 'campaigns';

/** Enough for Klaviyo's lists, which it hands out ten at a time. HubSpot waits 120 s at most. */
const timeoutMs = 60_000;

const query = (values: object): string => {
  const pairs = Object.entries(values).flatMap(([name, value]) =>
    value === undefined || value === null || value === ''
      ? []
      : [`${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`],
  );
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
};

function undoPath(subject: UndoSubject): [path: string, body: Body] {
  if ('changeId' in subject) return [`/history/${subject.changeId}/undo`, {}];
  if ('runId' in subject) return [`/runs/${subject.runId}/undo`, {}];
  if ('since' in subject) return [`/connections/${subject.connectionId}/undo`, { since: subject.since }];
  const { hubspotId, connectionId } = subject;
  return [`/contacts/${hubspotId}/undo`, connectionId === undefined ? {} : { connectionId }];
}

/**
 * The service's API, one method a route. Every method rejects with a `Problem`. `serviceUrl` has no slash at its end.
 */
export function createApi(fetch: Fetch, serviceUrl: string) {
  const ask = async (method: Method, path: string, body?: Body): Promise<string> => {
    const answer = await fetch(`${serviceUrl}/api/v1${path}`, {
      method,
      timeout: timeoutMs,
      ...(body === undefined ? {} : { body }),
    });
    const text = await answer.text();
    if (answer.status < 200 || answer.status >= 300) throw problemOf(answer.status, text);
    return text;
  };
  const json = async <T>(method: Method, path: string, body?: Body): Promise<T> =>
    JSON.parse(await ask(method, path, body)) as T;
  const get = <T>(path: string): Promise<T> => json<T>('GET', path);
  const post = <T>(path: string, body: Body = {}): Promise<T> => json<T>('POST', path, body);

  return {
    /** Where a person installs the app again; opened in the browser, not fetched. */
    installUrl: `${serviceUrl}/oauth/hubspot/install`,

    account: () => get<Account>('/account'),
    setAlertEmail: (alertEmail: string | null) =>
      json<{ alertEmail: string | null }>('PATCH', '/account', { alertEmail }),
    connectKlaviyo: (apiKey: string) => post<KlaviyoAccount>('/klaviyo-accounts', { apiKey }),
    klaviyoOauthLink: () => post<{ url: string; expiresAt: string }>('/klaviyo-accounts/oauth-link'),
    disconnectKlaviyo: (id: string) => ask('DELETE', `/klaviyo-accounts/${id}`),

    hubspotLists: (search: string, cursor?: string) =>
      get<Page<PickerItem>>(`/hubspot/lists${query({ search, cursor, limit: 200 })}`),
    hubspotPipelines: (search: string, cursor?: string) =>
      get<Page<PickerItem>>(`/hubspot/pipelines${query({ search, cursor, limit: 200 })}`),
    klaviyoPicker: (accountId: string, kind: Picker, search: string, cursor?: string) =>
      get<Page<PickerItem>>(`/klaviyo-accounts/${accountId}/${kind}${query({ search, cursor, limit: 200 })}`),
    // The page shows no options, and with them 900 properties would be more than HubSpot passes on.
    fields: (klaviyoAccountId: string) => get<Fields>(`/fields${query({ klaviyoAccountId, options: false })}`),
    refreshFields: (klaviyoAccountId: string) => post<Fields>('/fields/refresh', { klaviyoAccountId, options: false }),
    addKlaviyoField: (klaviyoAccountId: string, name: string, type: string) =>
      post<KlaviyoField>('/fields/klaviyo', { klaviyoAccountId, name, type }),

    overview: () => get<Overview>('/overview'),
    connection: (id: string) => get<Connection>(`/connections/${id}`),
    createConnection: (draft: Body) => post<Connection>('/connections', draft),
    changeConnection: (id: string, patch: Body) => json<Connection>('PATCH', `/connections/${id}`, patch),
    deleteConnection: (id: string) => ask('DELETE', `/connections/${id}`),
    activate: (id: string) => post<Connection>(`/connections/${id}/activate`),
    pause: (id: string) => post<Connection>(`/connections/${id}/pause`),
    resume: (id: string) => post<Connection>(`/connections/${id}/resume`),
    sync: (id: string) => post<{ runId: string }>(`/connections/${id}/sync`),
    status: (id: string) => get<Status>(`/connections/${id}/status`),
    runs: (id: string, cursor?: string) => get<Page<Run>>(`/connections/${id}/runs${query({ cursor, limit: 20 })}`),
    parity: (id: string) => get<Parity>(`/connections/${id}/parity`),

    startPreview: (id: string, people?: number) =>
      post<{ previewId: string }>(`/connections/${id}/preview`, people === undefined ? {} : { people }),
    preview: (id: string, previewId: string) => get<Preview>(`/connections/${id}/preview/${previewId}`),
    previewRows: (id: string, previewId: string, action: string, cursor?: string) =>
      get<Page<PreviewPerson>>(`/connections/${id}/preview/${previewId}/rows${query({ action, cursor, limit: 20 })}`),

    issueGroups: (filter: IssueFilter) => get<Page<IssueGroup>>(`/issues/groups${query(filter)}`),
    issues: (filter: IssueFilter, cursor?: string) =>
      get<Page<Issue>>(`/issues${query({ ...filter, cursor, limit: 25 })}`),
    issuesFile: (filter: IssueFilter) => post<{ url: string; expiresAt: string }>('/issues/csv-link', { ...filter }),
    retryIssue: (id: string) => post<Issue>(`/issues/${id}/retry`),
    retryIssues: (filter: IssueFilter) => post<{ retried: number }>('/issues/retry', { ...filter }),
    repairIssue: (id: string, choice: { region?: string }) => post<Issue>(`/issues/${id}/repair`, choice),
    ignoreIssue: (id: string) => post<Issue>(`/issues/${id}/ignore`),

    history: (filter: HistoryFilter, cursor?: string) =>
      get<Page<HistoryRow>>(`/history${query({ ...filter, cursor, limit: 25 })}`),
    showUndo: (subject: UndoSubject) => {
      const [path, body] = undoPath(subject);
      return post<UndoShown>(path, { ...body, dryRun: true });
    },
    undo: (subject: UndoSubject) => {
      const [path, body] = undoPath(subject);
      return post<{ runId: string }>(path, body);
    },
    explain: (email: string) => get<Explanation>(`/explain${query({ email })}`),
  };
}

export type Api = ReturnType<typeof createApi>;
