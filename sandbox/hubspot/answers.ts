import { randomUUID } from 'node:crypto';
import type { SandboxAnswer } from '../core/router.js';
import type { Invalid } from './property-values.js';

/** HubSpot's error body. */
export function hubspotError(
  status: number,
  message: string,
  category?: string,
  more: Record<string, unknown> = {},
): SandboxAnswer {
  const byStatus: Record<number, string> = {
    400: 'VALIDATION_ERROR',
    401: 'INVALID_AUTHENTICATION',
    403: 'MISSING_SCOPES',
    404: 'OBJECT_NOT_FOUND',
    405: 'METHOD_NOT_ALLOWED',
    409: 'CONFLICT',
    413: 'VALIDATION_ERROR',
    429: 'RATE_LIMITS',
  };
  const json = {
    status: 'error',
    message,
    correlationId: randomUUID(),
    category: category ?? byStatus[status] ?? 'INTERNAL_ERROR',
    ...more,
  };
  return {
    status,
    json: status === 429 ? { ...json, errorType: 'RATE_LIMIT', policyName: 'TEN_SECONDLY_ROLLING' } : json,
  };
}

/** One error inside a 207 answer. */
export function batchError(
  status: number,
  message: string,
  context: Record<string, string[]>,
): Record<string, unknown> {
  return {
    status: 'error',
    category: status === 409 ? 'CONFLICT' : status === 404 ? 'OBJECT_NOT_FOUND' : 'VALIDATION_ERROR',
    message,
    context,
    errors: [],
    links: {},
    id: randomUUID(),
  };
}

export const invalidMessage = (invalid: readonly Invalid[]): string =>
  `Property values were not valid: ${JSON.stringify(invalid)}`;

/** The frame of a batch answer: 207 as soon as one input failed. */
export function batchAnswer(status: 200 | 201, results: readonly unknown[], errors: readonly unknown[]): SandboxAnswer {
  const at = new Date().toISOString();
  const frame = { status: 'COMPLETE', results, startedAt: at, completedAt: at };
  return errors.length === 0
    ? { status, json: frame }
    : { status: 207, json: { ...frame, numErrors: errors.length, errors } };
}
