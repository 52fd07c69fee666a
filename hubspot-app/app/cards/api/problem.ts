import { words } from '../words.js';

/** What went wrong, for a person, and what to do; made of the service's answer or of what kept it from answering. */
export class Problem extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly fix: string,
    /** HTTP status; 0 when nothing answered. */
    readonly status: number,
  ) {
    super(message);
    this.name = 'Problem';
  }
}

const record = (value: unknown): Record<string, unknown> | null =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
const text = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);

function parsed(body: unknown): unknown {
  if (typeof body !== 'string') return body;
  try {
    return JSON.parse(body) as unknown;
  } catch {
    // HubSpot's proxy and load balancers answer with pages of their own; their status says enough.
    return null;
  }
}

/**
 * Reads a refusal. HubSpot's proxy may wrap the service's answer: its own status is then 4xx/5xx, and the service's
 * stands in `appServerStatusCode` and `responseBody`.
 */
export function problemOf(status: number, body: string): Problem {
  const outer = record(parsed(body));
  const inner = record(parsed(outer?.['responseBody'])) ?? outer;
  const own = typeof outer?.['appServerStatusCode'] === 'number' ? outer['appServerStatusCode'] : status;
  const error = record(inner?.['error']);
  const message = text(error?.['message']);
  const code = text(error?.['code']);
  if (message !== null && code !== null)
    return new Problem(code, message, text(error?.['fix']) ?? words.problem.tryAgain, own);
  if (own === 404) return new Problem('not_found', words.problem.notFound, words.problem.notFoundFix, own);
  if (own === 429) return new Problem('too_many_requests', words.problem.busy, words.problem.busyFix, own);
  return new Problem('service_failed', words.problem.failed(own), words.problem.failedFix, own);
}

/** Anything that was thrown, as a Problem: no network, a timeout, or a fault of this card. */
export function asProblem(thrown: unknown): Problem {
  if (thrown instanceof Problem) return thrown;
  return new Problem('unreachable', words.problem.unreachable, words.problem.unreachableFix, 0);
}
