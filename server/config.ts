import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';
import { parseSealKeys, type SealKey } from './oauth/seal.js';

/** Everything the service is told from outside. Read once, at the start, and nowhere else. */
export interface Config {
  port: number;
  host: string;
  publicUrl: string;
  databaseUrl: string | null;
  dataDir: string | undefined;
  role: 'all' | 'web' | 'worker';
  logLevel: string;
  /** null: make keys and keep them in the data folder (embedded database only). */
  encryptionKeys: SealKey[] | null;
  hubspot: { appId: string; clientId: string; clientSecret: string; apiUrl: string; appUrl: string };
  /** clientId is null while OAuth with Klaviyo is not set up; private keys work without it. */
  klaviyo: { clientId: string | null; clientSecret: string | null; apiUrl: string; appUrl: string };
  pollSeconds: number;
  /** People of a run over everybody that are worked on together. */
  runBatch: number;
  /** Months for which email activity is kept. */
  activityMonths: number;
  metricsToken: string | null;
  /** A port that serves metrics and health alone; null: they are on the service's own port only. */
  metricsPort: number | null;
  /** False: calls are not spread over the vendors' windows. For stand-ins on this machine only. */
  pacing: boolean;
  /** Whether traces are sent. */
  tracing: boolean;
  /** Where alerts are posted for the operator to mail on; null: they are shown in HubSpot only. */
  alertUrl: string | null;
}

/** One message that names every wrong variable. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

const isLoopback = (host: string): boolean => /^(localhost|\[?::1\]?|127(\.\d{1,3}){3})$/.test(host);

/** An address; plain http only on this machine. */
const address = z.string().transform((text, check) => {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    check.addIssue({ code: 'custom', message: 'must be an address such as https://example.com' });
    return z.NEVER;
  }
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    check.addIssue({ code: 'custom', message: 'must be https, except on this machine' });
    return z.NEVER;
  }
  return text.replace(/\/+$/, '');
});

const keys = z.string().transform((text, check) => {
  try {
    return parseSealKeys(text);
  } catch (error) {
    check.addIssue({ code: 'custom', message: error instanceof Error ? error.message : 'cannot be read' });
    return z.NEVER;
  }
});

/** Every setting, with what `docs/settings.md` says of it (`npm run settings:docs`). */
export const settings = z.object({
  PORT: z.coerce.number().int().min(0).max(65535).default(3000).describe('Port of the service.'),
  HOST: z
    .string()
    .min(1)
    .optional()
    .describe('Address it listens on. Unset: 127.0.0.1 with the embedded database, 0.0.0.0 with `DATABASE_URL`.'),
  PUBLIC_URL: address
    .optional()
    .describe(
      'The https address HubSpot calls; it signs this very address. Needed as soon as others than this machine are served. Unset: http://localhost:`PORT`.',
    ),
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'must begin with postgresql://')
    .optional()
    .describe('PostgreSQL 15 or later. Unset: the service starts its own in `DATA_DIR`.'),
  DATA_DIR: z
    .string()
    .min(1)
    .optional()
    .describe('Folder of the embedded database and its keys. Unset: `.data` in the working folder.'),
  ROLE: z
    .enum(['all', 'web', 'worker'])
    .default('all')
    .describe('`web` answers requests, `worker` syncs, `all` does both.'),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info')
    .describe('What is logged, as JSON lines on standard output.'),
  ENCRYPTION_KEYS: keys
    .optional()
    .describe(
      'Seals tokens and keys at rest: `kid:base64 of 32 random bytes`, several separated by commas; the first seals, all open. Required with `DATABASE_URL`; made and kept in `DATA_DIR` without it.',
    ),
  HUBSPOT_APP_ID: z
    .string()
    .regex(/^\d+$/, 'must be the number of the HubSpot app')
    .describe('Number of the HubSpot app.'),
  HUBSPOT_CLIENT_ID: z.string().min(1).describe('Client id of the HubSpot app.'),
  HUBSPOT_CLIENT_SECRET: z.string().min(1).describe('Client secret of the HubSpot app; requests are signed with it.'),
  HUBSPOT_API_URL: address.default('https://api.hubapi.com').describe('Another address only for stand-ins.'),
  HUBSPOT_APP_URL: address.default('https://app.hubspot.com').describe('Another address only for stand-ins.'),
  KLAVIYO_CLIENT_ID: z
    .string()
    .min(1)
    .optional()
    .describe('Client id of the Klaviyo app. Together with its secret or not at all: private API keys work without.'),
  KLAVIYO_CLIENT_SECRET: z.string().min(1).optional().describe('Client secret of the Klaviyo app.'),
  KLAVIYO_API_URL: address.default('https://a.klaviyo.com').describe('Another address only for stand-ins.'),
  KLAVIYO_APP_URL: address.default('https://www.klaviyo.com').describe('Another address only for stand-ins.'),
  POLL_SECONDS: z.coerce
    .number()
    .min(1)
    .max(3600)
    .default(30)
    .describe('Seconds between looks at both vendors for changes no webhook told of; 1 to 3600.'),
  RUN_BATCH: z.coerce
    .number()
    .int()
    .min(8)
    .max(2000)
    .default(2000)
    .describe('People of a first sync that are worked on together; 8 to 2,000. Fewer take less memory and more calls.'),
  ACTIVITY_MONTHS: z.coerce
    .number()
    .int()
    .min(1)
    .max(120)
    .default(24)
    .describe('Months for which email activity is kept; 1 to 120.'),
  METRICS_TOKEN: z
    .string()
    .optional()
    .describe('Guards `/metrics`: `Authorization: Bearer <token>`. Unset: open to this machine only.'),
  METRICS_PORT: z.coerce
    .number()
    .int()
    .min(1)
    .max(65535)
    .optional()
    .describe(
      'A port for `/metrics`, `/healthz` and `/readyz` alone; the way to watch a worker, which serves no other.',
    ),
  ALERT_URL: address
    .optional()
    .describe(
      'An address of the operator that alerts are posted to as JSON, each once. Unset: alerts are shown in HubSpot only.',
    ),
  OTEL_EXPORTER_OTLP_ENDPOINT: z
    .url()
    .optional()
    .describe(
      'A collector that traces are sent to (OTLP over HTTP). OpenTelemetry’s other variables hold too: headers, sampler, service name, resource attributes. Unset: no traces.',
    ),
  PACING: z
    .enum(['on', 'off'])
    .default('on')
    .describe('`off`: calls are not spread over the vendors’ limits. Only for stand-ins on this machine.'),
});

type Environment = Record<string, string | undefined>;

/** Reads and checks the environment. Throws ConfigError with one message that names everything wrong. */
export function loadConfig(environment: Environment): Config {
  // An empty variable is an unset one: that is how .env files leave things out.
  const given = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && value.trim() !== ''),
  );
  const parsed = settings.safeParse(given);
  const wrong = [
    ...(parsed.success
      ? []
      : parsed.error.issues.map((issue) => describe(String(issue.path[0]), issue.message, given))),
    ...contradictions(given),
  ];
  if (!parsed.success || wrong.length > 0) {
    const count = wrong.length === 1 ? 'a correction' : `${wrong.length} corrections`;
    throw new ConfigError(
      `The environment needs ${count} (.env.example describes every variable):\n${wrong.map((line) => `  ${line}`).join('\n')}`,
    );
  }
  const env = parsed.data;
  const embedded = env.DATABASE_URL === undefined;
  return {
    port: env.PORT,
    host: env.HOST ?? (embedded ? '127.0.0.1' : '0.0.0.0'),
    publicUrl: env.PUBLIC_URL ?? `http://localhost:${env.PORT}`,
    databaseUrl: env.DATABASE_URL ?? null,
    dataDir: env.DATA_DIR === undefined ? undefined : resolve(env.DATA_DIR),
    role: env.ROLE,
    logLevel: env.LOG_LEVEL,
    encryptionKeys: env.ENCRYPTION_KEYS ?? null,
    hubspot: {
      appId: env.HUBSPOT_APP_ID,
      clientId: env.HUBSPOT_CLIENT_ID,
      clientSecret: env.HUBSPOT_CLIENT_SECRET,
      apiUrl: env.HUBSPOT_API_URL,
      appUrl: env.HUBSPOT_APP_URL,
    },
    klaviyo: {
      clientId: env.KLAVIYO_CLIENT_ID ?? null,
      clientSecret: env.KLAVIYO_CLIENT_SECRET ?? null,
      apiUrl: env.KLAVIYO_API_URL,
      appUrl: env.KLAVIYO_APP_URL,
    },
    pollSeconds: env.POLL_SECONDS,
    runBatch: env.RUN_BATCH,
    activityMonths: env.ACTIVITY_MONTHS,
    metricsToken: env.METRICS_TOKEN ?? null,
    metricsPort: env.METRICS_PORT ?? null,
    alertUrl: env.ALERT_URL ?? null,
    pacing: env.PACING === 'on',
    tracing: env.OTEL_EXPORTER_OTLP_ENDPOINT !== undefined,
  };
}

/** The process's own environment, and what a `.env` in the working folder adds to it. Throws ConfigError. */
export function readConfig(): Config {
  // Variables that are set already win over the file.
  if (existsSync('.env')) process.loadEnvFile('.env');
  return loadConfig(process.env);
}

/** What is wrong between variables, each of which may be right alone. */
function contradictions(given: Environment): string[] {
  const found: string[] = [];
  if ((given['KLAVIYO_CLIENT_ID'] === undefined) !== (given['KLAVIYO_CLIENT_SECRET'] === undefined)) {
    found.push('KLAVIYO_CLIENT_ID and KLAVIYO_CLIENT_SECRET: set both, or neither');
  }
  const embedded = given['DATABASE_URL'] === undefined;
  if (!embedded && given['ENCRYPTION_KEYS'] === undefined) {
    found.push('ENCRYPTION_KEYS: must be set together with DATABASE_URL (kid:base64 of 32 random bytes)');
  }
  // HubSpot signs the address it calls: a service that others reach must know its own. Stand-ins call this machine.
  const host = given['HOST'] ?? (embedded ? '127.0.0.1' : '0.0.0.0');
  const standsInFor = (name: string): boolean => {
    const vendor = given[name] ?? '';
    return URL.canParse(vendor) && isLoopback(new URL(vendor).hostname);
  };
  const standsIn = standsInFor('HUBSPOT_API_URL');
  if (given['PUBLIC_URL'] === undefined && given['ROLE'] !== 'worker' && !isLoopback(host) && !standsIn) {
    found.push(
      `PUBLIC_URL: must be set when the service listens on ${host}: the https address HubSpot reaches it under`,
    );
  }
  if (given['PACING'] === 'off' && !(standsIn && standsInFor('KLAVIYO_API_URL'))) {
    found.push('PACING: must stay on with the real HubSpot and Klaviyo, which would refuse what comes too fast');
  }
  return found;
}

function describe(name: string, message: string, given: Environment): string {
  return given[name] === undefined ? `${name}: is missing` : `${name}: ${message}`;
}
