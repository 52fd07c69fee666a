import { pino, type Logger } from 'pino';
import { logScope } from './log-scope.js';

const secretNames =
  'access_?token|refresh_?token|id_?token|token|api_?key|client_?secret|secret|authorization|password|passwd|cookie|verifier|code_?verifier|email|phone|phone_?number';

/** Where a word begins: also after the `\n` of a line break inside JSON, whose n is a letter of its own. */
const start = '(?:\\b|(?<=\\\\[bfnrt]))';

/** What must not reach a log, by look. Each works on a whole line of JSON and leaves it JSON. */
const patterns: readonly (readonly [RegExp, string])[] = [
  // A field of an object, at any depth; with quotes escaped too, for JSON inside a text.
  [new RegExp(`(\\\\?"(?:${secretNames})\\\\?"\\s*:\\s*\\\\?")[^"\\\\]+`, 'gi'), '$1[redacted]'],
  // A field of a form or of a URL.
  [new RegExp(`(${start}(?:${secretNames}|code)=)[^&\\s"\\\\]+`, 'gi'), '$1[redacted]'],
  [new RegExp(`${start}(Bearer|Klaviyo-API-Key|Basic)\\s+[A-Za-z0-9._~+/=-]+`, 'gi'), '$1 [redacted]'],
  [/(postgres(?:ql)?:\/\/[^:\s"\\]+:)[^@\s"\\]+@/g, '$1[redacted]@'],
  [new RegExp(`${start}pk_[A-Za-z0-9_]{6,}`, 'g'), '[redacted]'],
  // HubSpot: private app tokens, refresh tokens.
  [new RegExp(`${start}(?:pat-)?[a-z]{2}\\d-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}`, 'gi'), '[redacted]'],
  // Escapes of JSON are taken whole, so that no half of one is left behind. Lengths are bounded: a log line of a
  // hundred thousand letters must not hold the process up.
  [/(?:\\u[0-9a-f]{4}|\\[bfnrt\\]|[^\s"'<>@=:,;()[\]\\]){1,128}@[^\s"'<>@,;()\\]{1,255}\.[a-z]{2,}/gi, '[email]'],
  [/\+\d{8,15}\b/g, '[phone]'],
];

/** Takes secrets and the addresses and numbers of people out of a text (A4). */
export function withoutSecrets(text: string): string {
  return patterns.reduce((clean, [pattern, replacement]) => clean.replace(pattern, replacement), text);
}

/** An error as a log needs it: its words, its plain fields and its cause, and none of the clients it drags along. */
function plainError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const fields = Object.entries(error).filter(([, value]) => ['string', 'number', 'boolean'].includes(typeof value));
  return {
    ...Object.fromEntries(fields),
    type: error.name,
    message: error.message,
    stack: error.stack,
    ...(error.cause === undefined ? {} : { cause: plainError(error.cause) }),
    ...(error instanceof AggregateError ? { errors: error.errors.map(plainError) } : {}),
  };
}

/**
 * A logger whose lines hold no secret and nobody's address or number. Lines are cleaned as they are written, so that
 * what errors of vendors and of the database carry along is caught at any depth.
 */
export function createLogger(level: string, destination?: { write(line: string): void }): Logger {
  const options = {
    level,
    base: null,
    // Whose work it is, and which request or job. What a line says itself goes before.
    mixin: logScope,
    formatters: { level: (label: string) => ({ level: label }) },
    hooks: { streamWrite: withoutSecrets },
    serializers: { err: plainError },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}
