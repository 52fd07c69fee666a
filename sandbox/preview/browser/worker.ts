import * as React from 'react';
import { createRemoteRoot, type RemoteChannel } from '@remote-ui/core';
import * as RemoteUi from '@remote-ui/react';
import { createEndpoint, fromWebWorker, retain } from '@remote-ui/rpc';
import type { FetchOptions, PageApi, Start } from './bridge.js';

/**
 * A classic worker that plays HubSpot's sandbox: it sets the globals that a bundle made by HubSpot's builder expects,
 * then loads that very bundle. Nothing of the page can be reached, and there is no network but `hubspot.fetch`.
 */
/** This module is the worker: `self` is none of the page's. */
declare const self: Worker & { importScripts(url: string): void };
const endpoint = createEndpoint<PageApi>(fromWebWorker(self));
const page = endpoint.call;
const load = self.importScripts.bind(self);

type Draw = (api: unknown) => React.ReactElement;
let draw: Draw | undefined;
let api: { context: unknown; actions: unknown } | undefined;

const answered = (data: unknown): { json(): Promise<unknown> } => ({
  json: async () => ({ data, cleanup: () => undefined }),
});
const plainHeaders = (headers: unknown): Record<string, string> =>
  headers instanceof Headers ? Object.fromEntries(headers.entries()) : ((headers ?? {}) as Record<string, string>);

Object.assign(globalThis, {
  // Without it `hubspot.extend` does nothing, and says nothing.
  __HUBSPOT_EXTENSION_WORKER__: true,
  React,
  RemoteUI: RemoteUi,
  extend_V2: (given: Draw) => {
    draw = given;
  },
  serverless: () => Promise.reject(new Error('There are no serverless functions here.')),
  logger: Object.fromEntries(
    ['debug', 'info', 'warn', 'error'].map((level) => [level, (said: unknown) => void page.log(level, said)]),
  ),
  async hsFetch(url: string | URL, options: FetchOptions = {}) {
    const { status, body } = await page.hsFetch(String(url), {
      method: options.method ?? 'GET',
      timeout: options.timeout,
      body: options.body,
      headers: plainHeaders(options.headers),
    });
    // A Response with one of these may have no body.
    return new Response([204, 304].includes(status) ? null : body, {
      status,
      headers: { 'content-type': 'application/json' },
    });
  },
  hsWorkerAPI: {
    useExtensionApi: () => api,
    useExtensionContext: () => api?.context,
    useExtensionActions: () => api?.actions,
    useAppPageLocation: () => ({ path: '/', params: {} }),
    fetchCrmProperties: async (names: string[]) => answered(await page.action('fetchCrmObjectProperties', [names])),
    fetchAssociations: async () => answered({ results: [], hasMore: false, nextOffset: 0 }),
    fetchCrmSearch: async () => answered({ results: [], total: 0, hasMore: false }),
    formatCrmProperties: async (properties: unknown) => properties,
  },
});
for (const name of ['fetch', 'XMLHttpRequest', 'WebSocket', 'indexedDB'])
  Object.defineProperty(globalThis, name, { value: undefined, configurable: true });

globalThis.addEventListener('unhandledrejection', (event: PromiseRejectionEvent) => {
  void page.failed(event.reason instanceof Error ? event.reason.message : String(event.reason));
});

endpoint.expose({
  async start(channel: RemoteChannel, { bundleUrl, context, actions }: Start) {
    // Without it the function is let go after this call.
    retain(channel);
    api = {
      context,
      actions: Object.fromEntries(actions.map((name) => [name, (...given: unknown[]) => page.action(name, given)])),
    };
    load(bundleUrl);
    if (draw === undefined) throw new Error('The bundle did not call hubspot.extend().');
    const root = createRemoteRoot(channel);
    RemoteUi.createRoot(root).render(draw(api));
    await root.mount();
  },
});
