import { readdir } from 'node:fs/promises';
import type { Config } from '../config.js';
import type { SyncContext } from '../contacts/sync-context.js';
import { nearDeadlines } from '../rules/deadlines.js';
import type { DatabaseStanding } from '../store/inspect-database.js';
import { databaseFacts, sealedSecrets, type SealedSecret } from '../store/operator.js';
import { inspectHubspotProject } from './inspect-hubspot-project.js';
import { ownerOf } from './rotate-keys.js';

export interface Finding extends Record<string, unknown> {
  what: string;
  state: 'well' | 'attention' | 'broken';
  detail: string;
  fix: string;
}

const well = (what: string, detail: string): Finding => ({ what, state: 'well', detail, fix: '' });

/** What keeps the database from being used, with the fix. */
function databaseFinding(standing: Exclude<DatabaseStanding, { state: 'ready' }>): Finding {
  const what = 'database';
  switch (standing.state) {
    case 'empty':
      return well(what, `PostgreSQL ${standing.version}, empty: the first start makes everything in it`);
    case 'away':
      return {
        what,
        state: 'broken',
        detail: `cannot be used: ${standing.reason}`,
        fix: 'Check DATABASE_URL, and that the database is up.',
      };
    case 'too_old':
      return { what, state: 'broken', detail: `PostgreSQL ${standing.version} is too old`, fix: 'Use 15 or later.' };
    case 'no_role':
      return {
        what,
        state: 'broken',
        detail: `the role tandem_portal is missing, and ${standing.user} may not make it`,
        fix: `As an administrator of the server: create role tandem_portal nologin; grant tandem_portal to ${standing.user};`,
      };
  }
}

/** What doctor looks at: the settings, and what stands behind them. */
export interface Examined {
  config: Config;
  now: Date;
  /** The service's own view of its database, or what keeps it from having one. */
  database: SyncContext | Exclude<DatabaseStanding, { state: 'ready' }>;
}

/** Looks at everything an installation needs, and says of each what it found and what to do. Never throws. */
export async function doctor({ config, now, database }: Examined): Promise<Finding[]> {
  const findings: Finding[] = [well('environment', 'read and checked')];
  const attempt = async (what: string, fix: string, look: () => Promise<Finding>): Promise<void> => {
    try {
      findings.push(await look());
    } catch (error) {
      findings.push({ what, state: 'broken', detail: error instanceof Error ? error.message : String(error), fix });
    }
  };
  if ('state' in database) findings.push(databaseFinding(database));
  else await lookInside(database, attempt);
  for (const [name, url] of [
    ['HubSpot', config.hubspot.apiUrl],
    ['Klaviyo', config.klaviyo.apiUrl],
  ] as const)
    await attempt(name, `Check that ${url} can be reached from here (firewall, proxy, DNS).`, async () => {
      const answer = await fetch(url, { method: 'HEAD', redirect: 'manual', signal: AbortSignal.timeout(10_000) });
      return well(name, `${url} answers (${answer.status})`);
    });
  await attempt('HubSpot project', 'Correct the file that is named (docs/hubspot-project.md).', () =>
    inspectHubspotProject('hubspot-app', config.publicUrl),
  );
  if (config.klaviyo.clientId === null)
    findings.push({
      what: 'Klaviyo OAuth',
      state: 'attention',
      detail: 'not set up: people connect by a private API key, and Klaviyo sends no webhooks',
      fix: 'Set KLAVIYO_CLIENT_ID and KLAVIYO_CLIENT_SECRET.',
    });
  for (const { what, fix, days } of nearDeadlines(now))
    findings.push({
      what: 'deadline',
      state: days < 0 ? 'broken' : 'attention',
      detail: `${what} ${days} days left.`,
      fix,
    });
  return findings;
}

function opens(sync: SyncContext, secret: SealedSecret): boolean {
  try {
    sync.sealer.open(secret.sealed, ownerOf(secret));
    return true;
  } catch {
    // Whatever the reason, nobody can read it: that is the finding.
    return false;
  }
}

type Attempt = (what: string, fix: string, look: () => Promise<Finding>) => Promise<void>;

/** Migrations, jobs and keys. */
async function lookInside(sync: SyncContext, attempt: Attempt): Promise<void> {
  await attempt('database', 'Check DATABASE_URL, and that the database is up.', async () => {
    const facts = await databaseFacts(sync.db);
    const wanted = (await readdir('migrations')).filter((name) => /^\d{4}_.*\.sql$/.test(name));
    const missing = wanted.map((name) => name.replace(/\.sql$/, '')).filter((name) => !facts.migrations.includes(name));
    if (missing.length > 0)
      return {
        what: 'database',
        state: 'attention',
        detail: `migrations not applied yet: ${missing.join(', ')}`,
        fix: 'Start the service once: it applies them.',
      };
    return well(
      'database',
      `PostgreSQL ${facts.version}, ${facts.migrations.length} migrations, ${facts.changesWaiting} changes waiting`,
    );
  });
  await attempt('queue', 'See “Jobs in dead” in docs/operations.md.', async () => {
    const { dead } = await databaseFacts(sync.db);
    if (dead === 0) return well('queue', 'no job failed for good');
    return {
      what: 'queue',
      state: 'attention',
      detail: `${dead} jobs failed for good`,
      fix: 'See “Jobs in dead” in docs/operations.md.',
    };
  });
  await attempt('keys', 'Put the missing key back into ENCRYPTION_KEYS.', async () => {
    const secrets = await sealedSecrets(sync.db);
    const closed = secrets.filter((secret) => !opens(sync, secret)).length;
    if (closed > 0)
      return {
        what: 'keys',
        state: 'broken',
        detail: `${closed} of ${secrets.length} secrets open with none of ENCRYPTION_KEYS`,
        fix: 'Put the missing key back into ENCRYPTION_KEYS. If it is lost, those accounts connect again (docs/operations.md).',
      };
    const old = secrets.filter(({ sealed }) => sync.sealer.needsReseal(sealed)).length;
    if (old === 0) return well('keys', `${secrets.length} secrets, all sealed with the first key`);
    return {
      what: 'keys',
      state: 'attention',
      detail: `${old} of ${secrets.length} secrets are sealed with an older key`,
      fix: 'Run rotate-keys.',
    };
  });
}
