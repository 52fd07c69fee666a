import { pino, type Logger } from 'pino';

const secretNames = [
  'accessToken',
  'refreshToken',
  'apiKey',
  'authorization',
  'Authorization',
  'clientSecret',
  'password',
  'token',
  'email',
  'phone',
  'code',
  'verifier',
];
const patterns: [RegExp, string][] = [
  [/[^\s"'<>@=:,;(]+@[^\s"'<>@,;)]+\.[A-Za-z]{2,}/g, '[email]'],
  [/\bpk_[A-Za-z0-9_]{6,}/g, '[key]'],
  [/\b(Bearer|Klaviyo-API-Key|Basic)\s+[A-Za-z0-9._~+/=-]+/g, '$1 [secret]'],
  [/(postgres(?:ql)?:\/\/[^:\s]+:)[^@\s]+@/g, '$1[password]@'],
];

/** Takes secrets and addresses of people out of a text. */
export function withoutSecrets(text: string): string {
  return patterns.reduce((clean, [pattern, replacement]) => clean.replace(pattern, replacement), text);
}

/** What of an error is worth a line: never the objects that libraries hang on it (clients, sockets, requests). */
function errorLine(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { code, detail } = error as { code?: unknown; detail?: unknown };
  return {
    type: error.name,
    message: error.message,
    ...(typeof code === 'string' ? { errorCode: code } : {}),
    ...(typeof detail === 'object' ? { refusal: detail } : {}),
    stack: error.stack,
    ...(error.cause === undefined ? {} : { cause: errorLine(error.cause) }),
  };
}

/** A logger whose lines hold no secret and no person's address, by name of the field and by look of the text. */
export function createLogger(level: string, destination?: { write(line: string): void }): Logger {
  const options = {
    level,
    base: null,
    redact: { paths: [...secretNames, ...secretNames.map((name) => `*.${name}`)], censor: '[redacted]' },
    serializers: { err: errorLine },
    formatters: { level: (label: string) => ({ level: label }) },
    hooks: {
      streamWrite: withoutSecrets,
    },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}
