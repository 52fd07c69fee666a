import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { CallLog } from './calls.js';
import { Faults, type Fault } from './faults.js';
import { Recorder } from './recorder.js';
import { seededRandom } from './random.js';
import type { Router, SandboxAnswer, SandboxRequest } from './router.js';

export interface SandboxOptions {
  vendor: 'hubspot' | 'klaviyo';
  router: Router;
  port?: number;
  /** The vendor's authentication and limits, before the handler; an answer refuses. */
  guard?: (request: SandboxRequest, operation: string) => SandboxAnswer | null;
  /** Headers the vendor adds to every answer. */
  decorate?: (request: SandboxRequest, operation: string, answer: SandboxAnswer) => Record<string, string>;
  /** The vendor's shape of an error. */
  errorFor: (status: number, message: string) => SandboxAnswer;
  latencyMs?: number;
  recordTo?: string;
  contentType?: string;
}

export interface Sandbox {
  url: string;
  port: number;
  calls: CallLog;
  faults: Faults;
  close(): Promise<void>;
}

const largestBody = 8_000_000;

/** Serves a stand-in on loopback. Paths under `/_sandbox/` steer it: never limited, faulted, recorded or counted. */
export async function startSandboxServer(options: SandboxOptions): Promise<Sandbox> {
  const calls = new CallLog();
  const faults = new Faults(seededRandom(7));
  const recorder = options.recordTo === undefined ? null : new Recorder(options.recordTo, options.vendor);
  const { router } = options;
  router.add('GET', '/_sandbox/calls', 'sandbox', () => ({ status: 200, json: calls.summary() }));
  router.add('DELETE', '/_sandbox/calls', 'sandbox', () => {
    calls.reset();
    return { status: 204 };
  });
  router.add('GET', '/_sandbox/faults', 'sandbox', () => ({ status: 200, json: { faults: faults.waiting() } }));
  router.add('POST', '/_sandbox/faults', 'sandbox', ({ json }) => {
    faults.add(json as Fault);
    return { status: 201, json: { faults: faults.waiting() } };
  });
  router.add('DELETE', '/_sandbox/faults', 'sandbox', () => {
    faults.clear();
    return { status: 204 };
  });

  const answer = async (request: SandboxRequest, response: ServerResponse): Promise<void> => {
    const matched = router.match(request.method, request.path);
    if (matched === null || matched === 'method') {
      calls.note(
        `unknown ${request.method} ${request.path}`,
        false,
        request.method,
        request.path,
        matched === null ? 404 : 405,
      );
      send(
        response,
        matched === null
          ? options.errorFor(404, `There is nothing at ${request.path}.`)
          : options.errorFor(405, 'This method is not allowed here.'),
        {},
        options.contentType,
      );
      return;
    }
    const { route, params } = matched;
    request.params = params;
    const steering = request.path.startsWith('/_sandbox/') || route.operation === 'page';
    if (steering) {
      send(response, await handle(options, request, route.handler), {});
      return;
    }
    const fault = faults.strike(route.operation);
    if (options.latencyMs !== undefined && options.latencyMs > 0) await pause(options.latencyMs);
    if (fault?.kind === 'reset') return void response.socket?.destroy();
    if (fault?.kind === 'slow') await pause(fault.delayMs ?? 1000);
    request.partial = fault?.kind === 'partial_batch';
    const refusal = fault === null ? null : faultAnswer(options, fault);
    const guarded = refusal ?? options.guard?.(request, route.operation) ?? null;
    const result = guarded ?? (await handle(options, request, route.handler));
    const headers = refusal === null ? (options.decorate?.(request, route.operation, result) ?? {}) : {};
    calls.note(route.operation, route.write, request.method, request.url.pathname + request.url.search, result.status);
    if (fault?.kind === 'lost_answer') return void response.socket?.destroy();
    const sent = send(response, result, headers, options.contentType, fault?.kind === 'half_answer');
    if (recorder !== null && fault === null && request.headers['x-sandbox-deliberate'] === undefined) {
      recorder.note(route.operation, {
        vendor: options.vendor,
        method: request.method,
        url: request.url.href,
        headers: request.headers,
        body: request.rawBody.toString('utf8'),
        status: result.status,
        responseHeaders: sent.headers,
        responseBody: sent.body,
      });
    }
  };

  const server = createServer((incoming, response) => {
    read(incoming, options)
      .then((request) =>
        'status' in request ? void send(response, request, {}, options.contentType) : answer(request, response),
      )
      .catch((error: unknown) => {
        process.stderr.write(
          `${options.vendor} stand-in: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
        );
        if (!response.headersSent) send(response, options.errorFor(500, 'Internal error'), {}, options.contentType);
      });
  });
  server.keepAliveTimeout = 30_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    calls,
    faults,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function handle(
  options: SandboxOptions,
  request: SandboxRequest,
  handler: (request: SandboxRequest) => SandboxAnswer | Promise<SandboxAnswer>,
): Promise<SandboxAnswer> {
  try {
    return await handler(request);
  } catch (error) {
    if (error instanceof Refusal) return error.answer;
    process.stderr.write(
      `${options.vendor} stand-in, ${request.method} ${request.path}: ${error instanceof Error ? (error.stack ?? '') : String(error)}\n`,
    );
    return options.errorFor(500, 'Internal error');
  }
}

/** Thrown by handlers to answer with an error from deep inside. */
export class Refusal extends Error {
  constructor(readonly answer: SandboxAnswer) {
    super(`refused with ${answer.status}`);
  }
}

function faultAnswer(options: SandboxOptions, fault: Fault): SandboxAnswer | null {
  if (fault.kind === 'expired_token') return options.errorFor(401, 'The token has expired.');
  if (fault.kind !== 'status') return null;
  const status = fault.status ?? 503;
  const retryAfter = fault.retryAfter ?? null;
  return {
    ...options.errorFor(status, 'Fault'),
    headers: retryAfter === null ? {} : { 'retry-after': String(retryAfter) },
  };
}

async function read(incoming: IncomingMessage, options: SandboxOptions): Promise<SandboxRequest | SandboxAnswer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > largestBody) return options.errorFor(413, 'The body is too large.');
    chunks.push(chunk);
  }
  const rawBody = Buffer.concat(chunks);
  const url = new URL(incoming.url ?? '/', `http://${incoming.headers.host ?? '127.0.0.1'}`);
  const headers = Object.fromEntries(
    Object.entries(incoming.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : (value ?? ''),
    ]),
  );
  const isForm = (headers['content-type'] ?? '').startsWith('application/x-www-form-urlencoded');
  let json: unknown;
  if (rawBody.length > 0 && !isForm) {
    try {
      json = JSON.parse(rawBody.toString('utf8'));
    } catch {
      return options.errorFor(400, 'Invalid JSON.');
    }
  }
  return {
    method: incoming.method ?? 'GET',
    url,
    path: url.pathname,
    params: {},
    query: url.searchParams,
    headers,
    rawBody,
    json,
    form: new URLSearchParams(isForm ? rawBody.toString('utf8') : ''),
    partial: false,
  };
}

function send(
  response: ServerResponse,
  answer: SandboxAnswer,
  more: Record<string, string>,
  contentType = 'application/json;charset=utf-8',
  half = false,
): { headers: Record<string, string>; body: string } {
  const body = answer.html ?? (answer.json === undefined ? '' : JSON.stringify(answer.json));
  const type: Record<string, string> =
    answer.html !== undefined
      ? { 'content-type': 'text/html; charset=utf-8' }
      : body === ''
        ? {}
        : { 'content-type': contentType };
  const headers = { ...type, ...more, ...answer.headers };
  if (half) {
    response.writeHead(answer.status, { ...headers, 'content-length': String(Buffer.byteLength(body)) });
    response.write(body.slice(0, body.length / 2), () => response.socket?.destroy());
  } else {
    response.writeHead(answer.status, headers);
    response.end(body);
  }
  return { headers, body };
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
