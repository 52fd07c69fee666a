import type { ErrorRequestHandler } from 'express';
import type { Logger } from 'pino';
import { ZodError } from 'zod';
import { NeedsPerson, RecordRefused, RetryLater } from '../errors.js';
import { isDatabaseAway } from '../store/database-away.js';

/** An answer other than 2xx, as the interface spells it. */
export class ApiError extends Error {
  constructor(
    readonly status: 400 | 401 | 403 | 404 | 409 | 413 | 422 | 429 | 503,
    readonly code: string,
    message: string,
    readonly fix: string,
    readonly field?: string,
  ) {
    super(message);
  }
}

export const notFound = (what: string): ApiError =>
  new ApiError(404, 'not_found', `There is no such ${what}.`, 'Reload the page; it may have been deleted.');

/** Every error on its way out becomes `{error:{code,message,fix,field?}}`; only our own faults are 5xx and logged. */
export function errorAnswers(log: Logger): ErrorRequestHandler {
  return (error: unknown, _request, response, next) => {
    if (response.headersSent) return next(error);
    const known = apiErrorOf(error);
    // It will be back: who asks again is served, and a vendor sends its webhook again.
    if (known === null && isDatabaseAway(error)) {
      log.warn({ err: error }, 'a request found no database');
      response.status(503).set('retry-after', '5');
      response.json({
        error: {
          code: 'database_away',
          message: 'Tandem cannot reach its own database at the moment. Nothing is lost.',
          fix: 'Try again in a minute; it comes back by itself.',
        },
      });
      return;
    }
    if (known === null) {
      log.error({ err: error }, 'a request failed');
      response.status(500).json({
        error: { code: 'internal', message: 'Something went wrong on our side.', fix: 'Try again in a minute.' },
      });
      return;
    }
    const { status, code, message, fix, field } = known;
    if (error instanceof RetryLater) response.set('retry-after', String(Math.ceil(error.seconds)));
    if (status === 429) response.set('retry-after', '60');
    response.status(status).json({ error: { code, message, fix, ...(field === undefined ? {} : { field }) } });
  };
}

function apiErrorOf(error: unknown): ApiError | null {
  if (error instanceof ApiError) return error;
  if (error instanceof ZodError) return fromZod(error);
  if (error instanceof RetryLater)
    return new ApiError(503, 'vendor_busy', error.message, `Try again in ${Math.ceil(error.seconds)} seconds.`);
  if (error instanceof NeedsPerson) return new ApiError(422, error.code, error.message, error.fix);
  if (error instanceof RecordRefused)
    return new ApiError(422, error.code, error.message, 'Check what was sent and try again.', error.detail.field);
  if (typeof error === 'object' && error !== null && 'type' in error) {
    if (error.type === 'entity.too.large')
      return new ApiError(413, 'too_large', 'The request is larger than 1 MB.', 'Send less at once.');
  }
  // Malformed percent escapes, broken-off bodies, unknown encodings: refused by Express itself.
  if (error instanceof URIError || isClientError(error)) {
    return new ApiError(400, 'malformed', 'The request is not valid HTTP.', 'Correct its address, headers or body.');
  }
  return null;
}

/** http-errors' mark of a fault on the other side. */
function isClientError(error: unknown): boolean {
  return (
    error instanceof Error &&
    'status' in error &&
    typeof error.status === 'number' &&
    error.status >= 400 &&
    error.status < 500
  );
}

function fromZod(error: ZodError): ApiError {
  const [issue] = error.issues;
  const unknown = issue?.code === 'unrecognized_keys' ? issue.keys[0] : undefined;
  const path = [...(issue?.path ?? []).map(String), ...(unknown === undefined ? [] : [unknown])].join('.');
  return new ApiError(
    400,
    unknown === undefined ? 'invalid' : 'unknown_field',
    unknown === undefined
      ? `${path === '' ? 'The body' : path}: ${issue?.message ?? 'is not valid'}`
      : `There is no field “${path}”.`,
    'Correct the field and send it again.',
    path === '' ? undefined : path,
  );
}
