import { createServer, type ServerResponse } from 'node:http';
import type { RateWindow } from '../../../server/store/rate-limit.js';
import type { VendorDeps } from '../../../server/vendors/call.js';

/** What a request looked like to the vendor. */
export interface Seen {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: Record<string, string | undefined>;
  body: string;
  /** The body as JSON; null when there is none. */
  json: unknown;
}

export interface Reply {
  status?: number;
  json?: unknown;
  text?: string;
  headers?: Record<string, string>;
  /** The connection breaks: before an answer, or in the midst of it. */
  breaks?: 'reset' | 'half';
  /** No answer at all. */
  hangs?: true;
}

export interface ScriptedVendor {
  url: string;
  seen: Seen[];
  /** From now on this is how requests are answered. */
  answers(script: (request: Seen, index: number) => Reply): void;
  close(): Promise<void>;
}

/** A vendor that says what a test wants: for answers that no stand-in gives by itself. */
export async function scriptedVendor(): Promise<ScriptedVendor> {
  const seen: Seen[] = [];
  let script: (request: Seen, index: number) => Reply = () => ({ status: 500 });
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const url = new URL(incoming.url ?? '/', 'http://vendor');
      const body = Buffer.concat(chunks).toString('utf8');
      const isJson = (incoming.headers['content-type'] ?? '').includes('json') && body !== '';
      const request: Seen = {
        method: incoming.method ?? '',
        path: url.pathname,
        query: url.searchParams,
        headers: incoming.headers as Record<string, string | undefined>,
        body,
        json: isJson ? JSON.parse(body) : null,
      };
      seen.push(request);
      reply(response, script(request, seen.length - 1));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`,
    seen,
    answers(next) {
      seen.length = 0;
      script = next;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function reply(response: ServerResponse, { status = 200, json, text, headers = {}, breaks, hangs }: Reply): void {
  if (hangs === true) return;
  if (breaks === 'reset') return void response.socket?.destroy();
  const body = text ?? (json === undefined ? '' : JSON.stringify(json));
  const type = json === undefined ? {} : { 'content-type': 'application/json' };
  response.writeHead(status, { ...type, ...headers, 'content-length': String(Buffer.byteLength(body)) });
  if (breaks !== 'half') return void response.end(body);
  response.write(body.slice(0, Math.ceil(body.length / 2)), () => response.socket?.destroy());
}

/** What the session asked of its surroundings, in order. */
export interface Watch extends VendorDeps {
  taken: { keys: string[]; n: number; priority: string }[];
  paused: { keys: readonly string[]; seconds: number }[];
  calls: { vendor: string; operation: string; status: number | 'none'; seconds: number }[];
}

/** Limits that are never reached, and a note of everything that was asked of them. */
export function watch(timeoutMs = 5000): Watch {
  const [taken, paused, calls]: [Watch['taken'], Watch['paused'], Watch['calls']] = [[], [], []];
  return {
    taken,
    paused,
    calls,
    timeoutMs,
    limiter: {
      take: async (windows: readonly RateWindow[], n, priority) => {
        taken.push({ keys: windows.map(({ key }) => key), n, priority });
      },
      pause: async (keys, seconds) => {
        paused.push({ keys, seconds });
      },
    },
    onCall: (call) => {
      calls.push(call);
    },
  };
}
