/** What page and worker say to each other: plain data and functions, carried by @remote-ui/rpc. */

export interface FetchAnswer {
  status: number;
  body: string;
}
export interface FetchOptions {
  method?: string;
  timeout?: number;
  body?: unknown;
  headers?: Record<string, string>;
}

/** What the worker asks of the page. */
export interface PageApi {
  hsFetch(url: string, options: FetchOptions): Promise<FetchAnswer>;
  action(name: string, given: unknown[]): Promise<unknown>;
  log(level: string, said: unknown): Promise<void>;
  failed(message: string): Promise<void>;
}

export interface Start {
  bundleUrl: string;
  context: unknown;
  actions: string[];
}

/** What the page asks of the worker. */
export interface WorkerApi {
  start(channel: unknown, start: Start): Promise<void>;
}

/** Actions that HubSpot gives to settings pages and cards. */
export const actionNames = [
  'addAlert',
  'closeOverlay',
  'copyTextToClipboard',
  'navigateToPage',
  'openIframeModal',
  'reloadPage',
  'refreshObjectProperties',
  'fetchCrmObjectProperties',
  'onCrmPropertiesUpdate',
];
