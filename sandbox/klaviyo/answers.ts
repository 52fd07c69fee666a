import { randomUUID } from 'node:crypto';
import type { SandboxAnswer } from '../core/router.js';

/** Klaviyo's error envelope. */
export function klaviyoError(
  status: number,
  code: string,
  title: string,
  detail: string,
  more: { pointer?: string; parameter?: string; meta?: Record<string, unknown> } = {},
): SandboxAnswer {
  const source = {
    ...(more.pointer === undefined ? {} : { pointer: more.pointer }),
    ...(more.parameter === undefined ? {} : { parameter: more.parameter }),
  };
  return {
    status,
    json: { errors: [{ id: randomUUID(), status, code, title, detail, source, links: {}, meta: more.meta ?? {} }] },
  };
}

/** The error of a bare status. */
export function errorFor(status: number, message: string): SandboxAnswer {
  const known: Record<number, [string, string, string]> = {
    401: [
      'not_authenticated',
      'Authentication credentials were not provided.',
      'Missing or invalid authorization scheme.',
    ],
    404: ['not_found', 'Not found.', message],
    405: ['method_not_allowed', 'Method not allowed.', message],
    429: ['throttled', 'Request was throttled.', 'Request was throttled. Expected available in 1 second.'],
  };
  const [code, title, detail] = known[status] ?? [
    status >= 500 ? 'error' : 'invalid',
    status >= 500 ? 'A server error occurred.' : 'Invalid input.',
    message,
  ];
  return klaviyoError(status, code, title, detail);
}

export const invalid = (detail: string, pointer = '/data'): SandboxAnswer =>
  klaviyoError(400, 'invalid', 'Invalid input.', detail, { pointer });
