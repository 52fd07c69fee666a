import { errorCode } from '../error-code.js';

/** What the network says of a server that is not there, or not there any more. */
const network = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'EHOSTUNREACH']);

/**
 * Whether a statement failed because PostgreSQL cannot be reached, is starting, stopping or has no connection left: it
 * will be back, and nobody has to do anything. Source: https://www.postgresql.org/docs/current/errcodes-appendix.html
 * (classes 08 and 57P0x, 53300, and 55000 while an administrator lets nobody in).
 */
export function isDatabaseAway(error: unknown): boolean {
  const code = errorCode(error);
  if (code !== undefined) return network.has(code) || /^(08...|57P0[123]|53300)$/.test(code) || isClosed(error, code);
  // The driver has no code for a connection that broke under a statement or before it, or did not come in time.
  return (
    error instanceof Error &&
    /^Connection terminated|^timeout exceeded when trying to connect|^Client .* not queryable$/.test(error.message)
  );
}

const isClosed = (error: unknown, code: string): boolean =>
  code === '55000' && error instanceof Error && error.message.includes('not currently accepting connections');
