import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';

/** Listens to every request that this process makes, over `fetch` and over `node:http` (axios, SDKs); answers the hosts. */
export function watchOutgoing(): { hosts: Set<string>; stop(): void } {
  const hosts = new Set<string>();
  const byFetch = (message: unknown): void => {
    const { origin } = (message as { request: { origin: string | URL } }).request;
    hosts.add(new URL(origin).hostname);
  };
  const byHttp = (message: unknown): void => void hosts.add((message as { request: ClientRequest }).request.host);
  subscribe('undici:request:create', byFetch);
  subscribe('http.client.request.start', byHttp);
  return {
    hosts,
    stop() {
      unsubscribe('undici:request:create', byFetch);
      unsubscribe('http.client.request.start', byHttp);
    },
  };
}
