import type { ContactAnswer, RecordAnswer } from '../card-types.js';
import { problemOf } from './problem.js';

type Method = 'GET' | 'POST';

/** `hubspot.fetch`, or what a test puts in its place. */
export type Fetch = (
  url: string,
  options: { method: Method; timeout: number; body?: Record<string, unknown> },
) => Promise<{ status: number; text(): Promise<string> }>;

/** Cards are answered from the service's own store: what takes longer does not come. */
const timeoutMs = 15_000;

/** The routes a card uses. Every method rejects with a `Problem`. `serviceUrl` has no slash at its end. */
export function createCardApi(fetch: Fetch, serviceUrl: string) {
  const ask = async (method: Method, path: string): Promise<string> => {
    const answer = await fetch(`${serviceUrl}/api/v1${path}`, {
      method,
      timeout: timeoutMs,
      ...(method === 'POST' ? { body: {} } : {}),
    });
    const text = await answer.text();
    if (answer.status < 200 || answer.status >= 300) throw problemOf(answer.status, text);
    return text;
  };
  const get = async <T>(path: string): Promise<T> => JSON.parse(await ask('GET', path)) as T;
  return {
    installUrl: `${serviceUrl}/oauth/hubspot/install`,
    contact: (hubspotId: string) => get<ContactAnswer>(`/contacts/${hubspotId}`),
    company: (hubspotId: string) => get<RecordAnswer>(`/companies/${hubspotId}`),
    deal: (hubspotId: string) => get<RecordAnswer>(`/deals/${hubspotId}`),
    syncContact: async (hubspotId: string): Promise<void> => void (await ask('POST', `/contacts/${hubspotId}/sync`)),
    retryIssue: async (id: string): Promise<void> => void (await ask('POST', `/issues/${id}/retry`)),
  };
}

export type CardApi = ReturnType<typeof createCardApi>;
