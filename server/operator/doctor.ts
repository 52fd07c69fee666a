import { readdir } from 'node:fs/promises';
import { nearDeadlines } from '../rules/deadlines.js';
import { databaseFacts, sealedSecrets } from '../store/operator.js';
import { inspectHubspotProject } from './inspect-hubspot-project.js';
import type { OperatorContext } from './operator-context.js';

export interface Finding extends Record<string, unknown> {
  what: string;
  state: 'well' | 'attention' | 'broken';
  detail: string;
  fix: string;
}

const well = (what: string, detail: string): Finding => ({ what, state: 'well', detail, fix: '' });

/** Looks at everything an installation needs, and says of each what it found and what to do. Never throws. */
export async function doctor(ctx: OperatorContext): Promise<Finding[]> {
  const findings: Finding[] = [well('environment', 'read and checked')];
  const attempt = async (what: string, fix: string, look: () => Promise<Finding>): Promise<void> => {
    try {
      findings.push(await look());
    } catch (error) {
      findings.push({ what, state: 'broken', detail: error instanceof Error ? error.message : String(error), fix });
    }
  };
  await attempt('database', 'Check DATABASE_URL, and that the database is up.', async () => {
    const facts = await databaseFacts(ctx.sync.db);
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
    const { dead } = await databaseFacts(ctx.sync.db);
    if (dead === 0) return well('queue', 'no job failed for good');
    return {
      what: 'queue',
      state: 'attention',
      detail: `${dead} jobs failed for good`,
      fix: 'See “Jobs in dead” in docs/operations.md.',
    };
  });
  await attempt('keys', 'Put the missing key back into ENCRYPTION_KEYS.', async () => {
    const secrets = await sealedSecrets(ctx.sync.db);
    const old = secrets.filter(({ sealed }) => ctx.sync.sealer.needsReseal(sealed)).length;
    if (old === 0) return well('keys', `${secrets.length} secrets, all sealed with the first key`);
    return {
      what: 'keys',
      state: 'attention',
      detail: `${old} of ${secrets.length} secrets are sealed with an older key`,
      fix: 'Run rotate-keys.',
    };
  });
  for (const [name, url] of [
    ['HubSpot', ctx.config.hubspot.apiUrl],
    ['Klaviyo', ctx.config.klaviyo.apiUrl],
  ] as const)
    await attempt(name, `Check that ${url} can be reached from here (firewall, proxy, DNS).`, async () => {
      const answer = await fetch(url, { method: 'HEAD', redirect: 'manual', signal: AbortSignal.timeout(10_000) });
      return well(name, `${url} answers (${answer.status})`);
    });
  await attempt('HubSpot project', 'Correct the file that is named (docs/hubspot-project.md).', () =>
    inspectHubspotProject('hubspot-app', ctx.config.publicUrl),
  );
  if (ctx.config.klaviyo.clientId === null)
    findings.push({
      what: 'Klaviyo OAuth',
      state: 'attention',
      detail: 'not set up: people connect by a private API key, and Klaviyo sends no webhooks',
      fix: 'Set KLAVIYO_CLIENT_ID and KLAVIYO_CLIENT_SECRET.',
    });
  for (const { what, fix, days } of nearDeadlines(ctx.sync.clock()))
    findings.push({
      what: 'deadline',
      state: days < 0 ? 'broken' : 'attention',
      detail: `${what} ${days} days left.`,
      fix,
    });
  return findings;
}
