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
  const error = { id: randomUUID(), status, code, title, detail, source, links: {}, meta: more.meta ?? {} };
  return { status, json: { errors: [error] } };
}

const known: Record<number, [string, string, string | null]> = {
  401: [
    'not_authenticated',
    'Authentication credentials were not provided.',
    'Missing or invalid authorization scheme. Please specify either Klaviyo-API-Key or Bearer as the authorization scheme.',
  ],
  404: ['not_found', 'Not found.', null],
  405: ['method_not_allowed', 'Method not allowed.', null],
  413: ['payload_too_large', 'Payload too large.', null],
  415: ['unsupported_media_type', 'Unsupported media type.', null],
  429: ['throttled', 'Request was throttled.', 'Request was throttled. Expected available in 1 second.'],
};

/** The error of a bare status. */
export function errorFor(status: number, message: string): SandboxAnswer {
  const [code, title, detail] = known[status] ?? [
    status >= 500 ? 'error' : 'invalid',
    status >= 500 ? 'A server error occurred.' : 'Invalid input.',
    message,
  ];
  return klaviyoError(status, code, title, detail ?? message);
}

/** A refused call is told when to come back, and nothing else. */
export function throttled(seconds: number): SandboxAnswer {
  const detail = `Request was throttled. Expected available in ${seconds} second${seconds === 1 ? '' : 's'}.`;
  return {
    ...klaviyoError(429, 'throttled', 'Request was throttled.', detail),
    headers: { 'retry-after': String(seconds) },
  };
}

export const invalid = (detail: string, pointer = '/data'): SandboxAnswer =>
  klaviyoError(400, 'invalid', 'Invalid input.', detail, { pointer });

export const invalidParameter = (parameter: string, detail: string): SandboxAnswer =>
  klaviyoError(400, 'invalid', 'Invalid input.', detail, { parameter });

export const notFound = (what: string, id: string, pointer = '/data/id'): SandboxAnswer =>
  klaviyoError(404, 'not_found', 'Not found.', `A ${what} with id ${id} does not exist.`, { pointer });

/** A moment as Klaviyo shows it: to the second, in UTC. */
export const shownTime = (ms: number): string => new Date(ms).toISOString().replace(/\.\d{3}Z$/, '+00:00');
