import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { CallLog } from '../../sandbox/core/calls.js';
import { openWorld, syncEverybody, until, type World } from '../helpers/service.js';

const email = 'frozen@example.org';
/** Longer than the lease of a pair of accounts. */
const limitMs = 40_000;
const worlds: World[] = [];
afterAll(() => Promise.all(worlds.map((world) => world.close())));

const contactOf = ({ hubspot, portalId }: World) => {
  const portal = hubspot.portals.get(portalId)!;
  return portal.contacts.get(portal.emails.get(email)!)!;
};
const profileOf = (world: World) => world.klaviyo.accounts.get('TANDM1')!.holder({ email });

/**
 * One process serves, one works. The worker stops dead at a moment of its work on a contact, `meanwhile` happens, another
 * worker takes over and finishes; then the first goes on as if nothing had been.
 */
async function frozenAt(
  isMoment: (operation: string, path: string) => boolean,
  meanwhile: (world: World) => Promise<void> | void,
): Promise<World> {
  const world = await openWorld({ environment: { ROLE: 'web' } });
  worlds.push(world);
  const first = await world.startAnother({ ROLE: 'worker' });
  await syncEverybody(world, { options: { subscribe: true, carryOptOuts: 'both' } });
  let frozen = false;
  for (const { calls } of [world.hubspot, world.klaviyo])
    calls.note = (...call): void => {
      CallLog.prototype.note.apply(calls, call);
      if (frozen || !isMoment(call[0], call[3])) return;
      frozen = true;
      // Before the answer leaves: what the worker is told by it is the last it knows.
      void first.kill('SIGSTOP');
    };
  world.hubspot.portals.get(world.portalId)!.create('contacts', { email, firstname: 'Before' }, 'CRM_UI');
  await until('the worker to be frozen', () => (frozen ? true : null));
  await meanwhile(world);
  await world.startAnother({ ROLE: 'worker' });
  const { db } = world.database;
  const left = async (): Promise<number> =>
    (await db.query('select from change')).length +
    (await db.query('select from history where outcome is null')).length +
    ((await db.query('select from link where email = $1', [email])).length === 1 ? 0 : 1);
  await until('the other worker to finish', async () => ((await left()) === 0 ? true : null), limitMs);
  await first.kill('SIGCONT');
  await until('the first to see that it was replaced', () => (/took over/.test(world.output()) ? true : null), limitMs);
  return world;
}

let beforeSubscribing: World;
let withOldValues: World;
beforeAll(async () => {
  let listed = false;
  // Both wait for a lease to run out: they do it at the same time.
  [beforeSubscribing, withOldValues] = await Promise.all([
    frozenAt(
      (operation, path) => {
        if (operation === 'lists.add') listed = true;
        // The consent that the decision rests on is read right before the call.
        return listed && operation === 'profiles.list' && path.includes('any(id');
      },
      async ({ klaviyo }) => {
        const url = `${klaviyo.url}/_sandbox/accounts/TANDM1/unsubscribe`;
        const headers = { 'content-type': 'application/json' };
        await fetch(url, { method: 'POST', headers, body: JSON.stringify({ email }) });
      },
    ),
    frozenAt(
      (operation) => operation === 'contacts.batchRead',
      (world) =>
        world.hubspot.portals
          .get(world.portalId)!
          .update('contacts', contactOf(world), { firstname: 'After' }, 'CRM_UI'),
    ),
  ]);
}, 120_000);

test('G1, C2: a worker that freezes before it subscribes does not lift the opt-out that came meanwhile', async () => {
  const world = beforeSubscribing;
  expect(world.klaviyo.calls.summary().byOperation['subscriptions.subscribe']).toBeUndefined();
  expect(profileOf(world).map(({ consent }) => consent)).toEqual(['UNSUBSCRIBED']);
  await until('HubSpot to know', () => (contactOf(world).properties['hs_email_optout'] === 'true' ? true : null));
});

test('G1: a worker that freezes with old values writes them to nobody when it wakes up', () => {
  expect(profileOf(withOldValues).map(({ first_name }) => first_name)).toEqual(['After']);
  expect(contactOf(withOldValues).properties['firstname']).toBe('After');
});

test('a process that was frozen goes on logging lines that a collector can read', () => {
  const lines = [beforeSubscribing, withOldValues].flatMap((world) => world.output().trim().split('\n'));
  expect(lines.length).toBeGreaterThan(10);
  expect(lines.filter((line) => !line.startsWith('{"level":'))).toEqual([]);
});
