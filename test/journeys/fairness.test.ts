import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { hubspotFetch, installApp, type ProxyUser } from '../../sandbox/hubspot/fetch-proxy.js';
import { firstPortal } from '../../sandbox/hubspot/index.js';
import { everybody, openWorld, syncEverybody, until, type World } from '../helpers/service.js';

// The full measure of the rule: TANDEM_FAIR_PORTALS=500 TANDEM_FAIR_WAITING=1000000 (some minutes).
const small = Number(process.env['TANDEM_FAIR_PORTALS'] ?? 16);
const waiting = Number(process.env['TANDEM_FAIR_WAITING'] ?? 100_000);
const minutes = small > 16 ? 20 : 1;
let world: World;

/** A portal of its own with a Klaviyo account of its own, in sync. */
async function connected(n: number): Promise<void> {
  const user: ProxyUser = { ...world.user, portalId: String(firstPortal + n) };
  const call = async (method: string, path: string, body?: unknown): Promise<Record<string, unknown>> => {
    const answer = await hubspotFetch(user, method, `/api/v1${path}`, body);
    if (answer.status >= 300) throw new Error(answer.text);
    return answer.json as Record<string, unknown>;
  };
  await installApp(world.backend, user.portalId);
  const { id: klaviyoAccountId } = await call('POST', '/klaviyo-accounts', { apiKey: `pk_sandbox_${accountId(n)}` });
  const { id } = await call('POST', '/connections', { type: 'contact', klaviyoAccountId, rules: everybody });
  await call('POST', `/connections/${String(id)}/activate`);
  await until('a small portal to be in sync', async () =>
    (await call('GET', `/connections/${String(id)}`))['state'] === 'active' ? true : null,
  );
}
const accountId = (n: number): string => (n + 1 < 10 ? `TANDM${n + 1}` : `TA${String(n + 1).padStart(4, '0')}`);

beforeAll(async () => {
  world = await openWorld({
    hubspot: { portals: small + 1, latencyMs: 20 },
    klaviyo: { accounts: small + 1, latencyMs: 20 },
    // Nothing but webhooks can be quick here.
    environment: { POLL_SECONDS: '600' },
  });
  await syncEverybody(world);
  for (let n = 1; n <= small; n += 4) await Promise.all([n, n + 1, n + 2, n + 3].map(connected));
}, minutes * 90_000);
afterAll(() => world.close());

test(
  'G2: while one portal has very many changes waiting, a webhook of any other is through within five seconds',
  async () => {
    const { db } = world.database;
    await db.query(
      `insert into change (portal_id, klaviyo_account_id, side, record_id, priority, cause)
     select portal_id, id, 'hubspot', n::text, 1, 'test' from klaviyo_account, generate_series(1000000, 1000000 + $2 - 1) as n
     where portal_id = $1`,
      [world.portalId, waiting],
    );
    const left = async (): Promise<number> =>
      Number(
        (await db.query<{ n: string }>('select count(*) as n from change where portal_id = $1', [world.portalId]))[0]
          ?.n,
      );
    // One change that comes the usual way wakes the work on all of them.
    world.hubspot.portals.get(world.portalId)!.create('contacts', { email: 'big@example.org' }, 'CRM_UI');
    await until('the big portal to be at work', async () => ((await left()) < waiting ? true : null));
    const took: number[] = [];
    for (let round = 0; round < 3; round += 1) {
      await Promise.all(
        Array.from({ length: small }, async (_, index) => {
          const n = index + 1;
          // Fifty webhooks a second, whatever their number.
          await new Promise((resolve) => setTimeout(resolve, index * 20));
          const began = performance.now();
          const email = `round${round}@example.org`;
          world.hubspot.portals.get(String(firstPortal + n))!.create('contacts', { email }, 'CRM_UI');
          const account = world.klaviyo.accounts.get(accountId(n))!;
          await until('the contact in Klaviyo', () => (account.holder({ email }).length === 1 ? true : null));
          took.push(performance.now() - began);
        }),
      );
    }
    // All the while the big one had plenty to do.
    expect(await left()).toBeGreaterThan(waiting / 10);
    took.sort((a, b) => a - b);
    expect(took).toHaveLength(3 * small);
    const slowest = took[Math.floor(took.length * 0.99)] ?? 0;
    if (small > 16) process.stdout.write(`p50 ${took[Math.floor(took.length / 2)]} ms, p99 ${slowest} ms\n`);
    expect(slowest).toBeLessThan(5000);
  },
  minutes * 60_000,
);
