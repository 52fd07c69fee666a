import { afterEach, expect, test } from '@jest/globals';
import { differences } from '../../sandbox/agreement.js';
import { makePeople } from '../../sandbox/seed/people.js';
import { activateConnection, draftConnection, openWorld, settled, until, type World } from '../helpers/service.js';

let world: World | null = null;
afterEach(async () => {
  await world?.close();
  world = null;
});

test('G1, F3: killed -9 in the middle of the initial sync, it resumes; nobody is created twice', async () => {
  const w = (world = await openWorld({
    people: makePeople(1200, 9),
    hubspot: { latencyMs: 15 },
    klaviyo: { latencyMs: 15 },
  }));
  const portal = w.hubspot.portals.get(w.portalId)!;
  const account = w.klaviyo.accounts.get('TANDM1')!;
  const id = await draftConnection(w);
  await activateConnection(w, id);
  const progress = async (): Promise<number> =>
    ((await w.call('GET', `/connections/${id}/status`)).json as { run: { done: number } | null }).run?.done ?? 0;

  for (const goal of [150, 900]) {
    await until(`${goal} records`, async () => ((await progress()) >= goal ? true : null), 60_000);
    await w.kill('SIGKILL');
    await w.start();
    // It goes on where it was, not from the beginning.
    expect(await progress()).toBeGreaterThanOrEqual(goal);
  }
  const status = await settled(w, id, 60_000);
  expect(status.run?.kind).toBe('initial');
  expect(differences(portal, account)).toEqual([]);
  const emails = [...portal.contacts.values()].flatMap((contact) => contact.properties['email'] ?? []);
  expect(new Set(emails).size).toBe(emails.length);
}, 120_000);
