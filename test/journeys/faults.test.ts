import { afterEach, expect, test } from '@jest/globals';
import { differences } from '../../sandbox/agreement.js';
import { makePeople } from '../../sandbox/seed/people.js';
import { activateConnection, draftConnection, openWorld, settled, until, type World } from '../helpers/service.js';

let world: World | null = null;
afterEach(async () => {
  await world?.close();
  world = null;
});

test('G1: answers lost after the write was applied, resets and 5xx lose and double nothing', async () => {
  const w = (world = await openWorld({ people: makePeople(400, 3) }));
  const id = await draftConnection(w);
  for (const sandbox of [w.hubspot, w.klaviyo]) {
    sandbox.faults.add({ kind: 'lost_answer', operation: 'contacts.batchCreate', times: 2 });
    sandbox.faults.add({ kind: 'lost_answer', operation: 'imports.create', times: 2 });
    sandbox.faults.add({ kind: 'reset', probability: 0.05, times: 5 });
    sandbox.faults.add({ kind: 'status', status: 503, probability: 0.05, times: 5 });
    sandbox.faults.add({ kind: 'status', status: 429, retryAfter: 1, probability: 0.05, times: 2 });
    sandbox.faults.add({ kind: 'half_answer', probability: 0.05, times: 3 });
  }
  // Tokens expire before their time; a private key does not.
  w.hubspot.faults.add({ kind: 'expired_token', probability: 0.1, times: 2 });
  await activateConnection(w, id);
  await settled(w, id, 60_000);
  expect(differences(w.hubspot.portals.get(w.portalId)!, w.klaviyo.accounts.get('TANDM1')!)).toEqual([]);
}, 120_000);

test('G1: a graceful stop ends within its time and the next start goes on', async () => {
  const w = (world = await openWorld({ people: makePeople(600, 4), klaviyo: { latencyMs: 10 } }));
  const id = await draftConnection(w);
  await activateConnection(w, id);
  await until(
    'some progress',
    async () =>
      (((await w.call('GET', `/connections/${id}/status`)).json as { run: { done: number } | null }).run?.done ?? 0) >
        100 || null,
  );
  const asked = Date.now();
  await w.kill('SIGTERM');
  expect(Date.now() - asked).toBeLessThan(25_000);
  await w.start();
  await settled(w, id, 60_000);
  expect(differences(w.hubspot.portals.get(w.portalId)!, w.klaviyo.accounts.get('TANDM1')!)).toEqual([]);
}, 90_000);
