import { execFile, spawn } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { activityAgreement } from './activity-agreement.js';
import { differences } from './agreement.js';
import { freePort } from './core/free-port.js';
import { hubspotFetch, installApp, type ProxyUser } from './hubspot/fetch-proxy.js';
import { firstPortal, startHubspot } from './hubspot/index.js';
import { startKlaviyo } from './klaviyo/index.js';
import { startPreview, type Preview } from './preview/start-preview.js';
import { makePeople } from './seed/people.js';

/**
 * The main job on stand-ins: install, connect, sync everybody both ways, look at the result, stay for a look around. With
 * `--bare` the app is installed and nothing else: the preview shows what a new user sees.
 */
const { values } = parseArgs({
  options: {
    once: { type: 'boolean', default: false },
    bare: { type: 'boolean', default: false },
    people: { type: 'string', default: '2000' },
  },
});
const say = (line = ''): void => void process.stdout.write(`${line}\n`);

interface Status {
  state: string;
  counts: { inSync: number; waiting: number; skipped: number; failed: number };
  skippedBy: { reason: string; count: number }[];
  run: { state: string; done: number; counts: Record<string, number> } | null;
}

const began = performance.now();
const seconds = (): string => `${((performance.now() - began) / 1000).toFixed(1)} s`;
const people = makePeople(Number(values.people));
const hubspot = await startHubspot({ people });
const klaviyo = await startKlaviyo({ people });
const port = await freePort();
const backend = `http://localhost:${port}`;
const dataDir = await mkdtemp(join(tmpdir(), 'tandem-demo-'));
// PostgreSQL's own account must be able to walk in, should this run as root.
await chmod(dataDir, 0o755);
hubspot.webhooks.targetUrl = `${backend}/webhooks/hubspot`;

say(
  `Two stand-ins with ${people.length} people: ${people.filter((one) => one.inHubspot).length} in HubSpot, ${people.filter((one) => one.inKlaviyo).length} in Klaviyo.`,
);
const service = spawn(
  process.execPath,
  ['--enable-source-maps', '--max-semi-space-size=32', fileURLToPath(new URL('../server/main.js', import.meta.url))],
  {
    stdio: ['ignore', 'pipe', 'inherit'],
    // A folder without an .env: what is set for real accounts is not for the demo.
    cwd: dataDir,
    env: {
      ...process.env,
      PORT: String(port),
      PUBLIC_URL: backend,
      DATA_DIR: dataDir,
      DATABASE_URL: '',
      LOG_LEVEL: 'warn',
      POLL_SECONDS: '10',
      HUBSPOT_APP_ID: hubspot.appId,
      HUBSPOT_CLIENT_ID: hubspot.clientId,
      HUBSPOT_CLIENT_SECRET: hubspot.clientSecret,
      HUBSPOT_API_URL: hubspot.url,
      HUBSPOT_APP_URL: hubspot.url,
      KLAVIYO_CLIENT_ID: klaviyo.clientId,
      KLAVIYO_CLIENT_SECRET: klaviyo.clientSecret,
      KLAVIYO_API_URL: klaviyo.url,
      KLAVIYO_APP_URL: klaviyo.url,
    },
  },
);
service.stdout.pipe(process.stderr);
let stopping = false;
const previews: Preview[] = [];
const serviceEnded = new Promise<number>((resolve) => service.once('exit', (code) => resolve(code ?? 1)));
void serviceEnded.then((code) => {
  if (!stopping) {
    say(`The service ended by itself (${code}).`);
    process.exit(1);
  }
});

async function end(code: number): Promise<never> {
  stopping = true;
  service.kill('SIGTERM');
  await serviceEnded;
  await Promise.all([hubspot.close(), klaviyo.close(), ...previews.map((preview) => preview.close())]);
  await rm(dataDir, { recursive: true, force: true });
  process.exit(code);
}
process.once('SIGINT', () => void end(0));
process.once('SIGTERM', () => void end(0));

/** Asks again until it is so. */
async function until<T>(what: string, ask: () => Promise<T | null>, limitSeconds: number): Promise<T> {
  const deadline = performance.now() + limitSeconds * 1000;
  for (;;) {
    const answer = await ask();
    if (answer !== null) return answer;
    if (performance.now() > deadline) throw new Error(`${what} takes longer than ${limitSeconds} seconds.`);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

type Call = <T>(method: string, path: string, body?: unknown) => Promise<T>;
/** The contact to open the preview with. */
const show: { record: string | null } = { record: null };

/** HubSpot approves the app's timeline events. */
async function approveAppEvents(): Promise<void> {
  const approval = { method: 'POST', body: JSON.stringify({ approved: true }) };
  await fetch(`${hubspot.url}/_sandbox/portals/${firstPortal}/app-events`, approval);
}

/** Email activity of the last thirty days onto the contacts' timelines; answers whether all of it is there, once. */
async function emailActivity(call: Call, klaviyoAccountId: string): Promise<boolean> {
  const portalId = String(firstPortal);
  await approveAppEvents();
  const { id } = await call<{ id: string }>('POST', '/connections', {
    type: 'engagement',
    name: 'Email activity',
    klaviyoAccountId,
    options: { since: 'last_30_days' },
  });
  const sinceMs = Date.now() - 30 * 86_400_000;
  await call('POST', `/connections/${id}/activate`);
  const started = performance.now();
  await until<true>(
    'The email activity of thirty days',
    async () => {
      const { run, counts } = await call<Status>('GET', `/connections/${id}/status`);
      return run?.state === 'finished' && counts.waiting === 0 ? true : null;
    },
    300,
  );
  const portal = hubspot.portals.get(portalId);
  const company = klaviyo.accounts.get('TANDM1');
  if (portal === undefined || company === undefined) throw new Error('The stand-ins lost their accounts.');
  // Events are listed late and out of order: what is not there yet comes with the next look.
  const agreement = await until(
    'The last of the email activity',
    async () => {
      const now = activityAgreement(portal, company, sinceMs + 60_000);
      return now.missing.length === 0 || performance.now() - started > 90_000 ? now : null;
    },
    120,
  );
  const total = Object.values(agreement.shown).reduce((sum, count) => sum + count, 0);
  say(
    `\nEmail activity of the last 30 days in ${((performance.now() - started) / 1000).toFixed(1)} s: ${total} entries on timelines.`,
  );
  for (const [name, count] of Object.entries(agreement.shown).sort()) say(`  ${String(count).padStart(6)} ${name}`);
  const right = agreement.missing.length === 0 && agreement.doubled.length === 0;
  say(
    right
      ? 'Every bounce of somebody who is in HubSpot is there, once.'
      : `${agreement.missing.length} missing, ${agreement.doubled.length} doubled: ${[...agreement.missing, ...agreement.doubled].slice(0, 5).join(', ')}`,
  );
  show.record = agreement.busiest;
  return right;
}

/** The service serves, and the app is installed in the first portal. */
async function install(): Promise<void> {
  await until(
    'The start of the service',
    async () => ((await fetch(`${backend}/readyz`).catch(() => null))?.status === 200 ? true : null),
    60,
  );
  say(`Service ready after ${seconds()}.`);
  const installed = await installApp(backend, String(firstPortal));
  if (installed.status !== 200) throw new Error(`The installation ended with ${installed.status}.`);
}

async function firstSync(): Promise<boolean> {
  const portalId = String(firstPortal);
  const user: ProxyUser = { portalId, clientSecret: hubspot.clientSecret, appId: hubspot.appId, backend };
  const call: Call = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const answer = await hubspotFetch(user, method, `/api/v1${path}`, body);
    if (answer.status >= 300) throw new Error(`${method} ${path} answers ${answer.status}: ${answer.text}`);
    return answer.json as T;
  };
  const account = await call<{ id: string; name: string }>('POST', '/klaviyo-accounts', {
    apiKey: 'pk_sandbox_TANDM1',
  });
  say(`HubSpot installed, Klaviyo connected (${account.name}) after ${seconds()}.`);
  const connection = await call<{ id: string; mappings: unknown[] }>('POST', '/connections', {
    type: 'contact',
    name: 'Everybody, both ways',
    klaviyoAccountId: account.id,
    rules: {
      hubspotToKlaviyo: [{ source: { all: true }, klaviyoListId: 'CstHub' }],
      klaviyoToHubspot: [{ source: { all: true } }],
    },
  });
  await call('POST', `/connections/${connection.id}/activate`);
  const started = performance.now();
  say(`Connection activated: two-way, ${connection.mappings.length} fields and the email, HubSpot wins.`);
  let shown = 0;
  const status = await until<Status>(
    'The first sync',
    async () => {
      const now = await call<Status>('GET', `/connections/${connection.id}/status`);
      if (now.run !== null && now.run.done >= shown + 500) {
        shown = now.run.done;
        say(`  … ${now.run.done} records looked at`);
      }
      return now.state === 'active' && now.run?.state === 'finished' && now.counts.waiting === 0 ? now : null;
    },
    300,
  );
  const took = (performance.now() - started) / 1000;
  const counts = status.run?.counts ?? {};
  const [hubspotCalls, klaviyoCalls] = [hubspot.calls.summary(), klaviyo.calls.summary()];
  const groups = await call<{ results: { title: string; count: number }[] }>('GET', '/issues/groups');
  say(`\nFirst sync done in ${took.toFixed(1)} s, with the vendors’ limits on.`);
  say(`  created   ${counts['createdInKlaviyo'] ?? 0} in Klaviyo, ${counts['createdInHubspot'] ?? 0} in HubSpot`);
  say(`  linked    ${counts['linked'] ?? 0}`);
  say(`  updated   ${counts['updatedInKlaviyo'] ?? 0} in Klaviyo, ${counts['updatedInHubspot'] ?? 0} in HubSpot`);
  say(`  in sync   ${status.counts.inSync}`);
  for (const { reason, count } of status.skippedBy) say(`  skipped   ${count} (${reason})`);
  for (const { title, count } of groups.results) say(`  issues    ${count} × ${title}`);
  say(`  API calls ${hubspotCalls.total} to HubSpot, ${klaviyoCalls.total} to Klaviyo`);
  for (const [vendor, summary] of [
    ['HubSpot', hubspotCalls],
    ['Klaviyo', klaviyoCalls],
  ] as const) {
    say(
      `            ${vendor}: ${Object.entries(summary.byOperation)
        .map(([name, { count }]) => `${name} ${count}`)
        .join(', ')}`,
    );
  }
  const portal = hubspot.portals.get(portalId);
  const company = klaviyo.accounts.get('TANDM1');
  if (portal === undefined || company === undefined) throw new Error('The stand-ins lost their accounts.');
  const unequal = differences(portal, company);
  say(
    unequal.length === 0
      ? '\nBoth sides agree: every contact with an email is on both, every mapped value is the same.'
      : `\nBoth sides differ in ${unequal.length} places:`,
  );
  for (const one of unequal.slice(0, 10))
    say(`  ${one.what}: HubSpot “${one.hubspot ?? ''}”, Klaviyo “${one.klaviyo ?? ''}” (record ${one.who})`);
  const allThere = await emailActivity(call, account.id);
  say(
    `\nLook around:\n  HubSpot stand-in   ${hubspot.url}/_sandbox/inspect/${portalId}\n  Klaviyo stand-in   ${klaviyo.url}/_sandbox/inspect/TANDM1\n  API description    ${backend}/api/v1/openapi.json\n  Metrics            ${backend}/metrics`,
  );
  const someone = [...portal.contacts.values()].find(
    (contact) => contact.properties['firstname'] !== undefined && contact.properties['email'] !== undefined,
  );
  const other = company.holder({ email: someone?.properties['email'] })[0];
  if (someone !== undefined && other !== undefined) {
    say(
      `\nTry it: change the first name on ${hubspot.url}/_sandbox/inspect/${portalId}/contacts/${someone.id}\n        and watch it arrive on ${klaviyo.url}/_sandbox/inspect/TANDM1/profiles/${other.id}`,
    );
  }
  return unequal.length === 0 && allThere;
}

/** The settings page and the cards as HubSpot would show them: real bundles, this service. */
async function openPreview(): Promise<Preview> {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  await promisify(execFile)(process.execPath, [join(root, 'scripts/extensions.mjs')]);
  const { clientSecret, appId, url: hubspotUrl } = hubspot;
  return startPreview({ backend, clientSecret, appId, portalId: String(firstPortal), hubspotUrl, root });
}

try {
  await install();
  if (values.bare) await approveAppEvents();
  const agree = values.bare || (await firstSync());
  if (values.once) await end(agree ? 0 : 1);
  const preview = await openPreview();
  previews.push(preview);
  say(
    `\nPreview: settings page   ${preview.url}\n         record pages    ${preview.url}?object=contacts${show.record === null ? '' : `&record=${show.record}`}`,
  );
  say('\nRunning until you press Ctrl+C.');
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  await end(1);
}
