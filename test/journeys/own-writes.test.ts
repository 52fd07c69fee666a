import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { CallLog } from '../../sandbox/core/calls.js';
import { writeProfile } from '../../sandbox/klaviyo/profile-write.js';
import { openWorld, syncEverybody, until, type World } from '../helpers/service.js';

let world: World;
beforeAll(async () => {
  world = await openWorld();
  await syncEverybody(world);
}, 60_000);
afterAll(() => world.close());

const portal = () => world.hubspot.portals.get(world.portalId)!;
const account = () => world.klaviyo.accounts.get('TANDM1')!;

// Found by `npm run test:faults -- --seed 32`.
test('D4, G1: an edit in Klaviyo right after our own write to HubSpot lost its answer is not overruled by that write', async () => {
  const email = 'lost-answer@example.org';
  const contact = portal().create('contacts', { email, company: 'Zero' }, 'CRM_UI');
  const profile = await until('the profile', () => account().holder({ email })[0] ?? null);
  const company = (name: string): void =>
    void writeProfile(account(), profile, { type: 'profile', attributes: { organization: name } });
  const openRows = async (): Promise<number> =>
    (
      await world.database.db.query(
        'select from history where outcome is null or (outcome = $1 and resolved_at is null)',
        ['unknown'],
      )
    ).length;
  await until('both to agree', async () => (profile.organization === 'Zero' && (await openRows()) === 0 ? true : null));
  // A person edits again in the very moment in which HubSpot has taken the first edit and its answer is lost.
  const { calls } = world.hubspot;
  let taken: string | null = null;
  calls.note = (...call): void => {
    CallLog.prototype.note.apply(calls, call);
    if (call[0] !== 'contacts.batchUpdate' || taken !== null) return;
    taken = contact.properties['company'] ?? '';
    company('Two');
  };
  world.hubspot.faults.add({ kind: 'lost_answer', operation: 'contacts.batchUpdate' });
  company('One');
  expect(await until('the answer to be lost', () => taken)).toBe('One');
  await until('HubSpot to have the second edit', () => (contact.properties['company'] === 'Two' ? true : null));
  expect(profile.organization).toBe('Two');
  await until('nothing to be left unexplained', async () => ((await openRows()) === 0 ? true : null));
}, 60_000);

// Found by `npm run test:random -- --seed 501`.
test('D4, G1: a profile that we may have created of a contact that is gone empties nothing, and fills a new contact', async () => {
  const email = 'lost-create@example.org';
  world.klaviyo.faults.add({ kind: 'lost_answer', operation: 'profiles.upsert' });
  // The contact is deleted in the very moment in which Klaviyo has taken the profile and its answer is lost.
  const { calls } = world.klaviyo;
  let gone = false;
  calls.note = (...call): void => {
    CallLog.prototype.note.apply(calls, call);
    if (call[0] !== 'profiles.upsert' || gone) return;
    gone = true;
    portal().archive('contacts', contact, 'CRM_UI');
  };
  const contact = portal().create('contacts', { email, firstname: 'Ada', company: 'Zero' }, 'CRM_UI');
  await until('the profile', () => (gone ? true : null));
  const [profile] = account().holder({ email });
  expect(profile).toMatchObject({ first_name: 'Ada', organization: 'Zero' });
  const again = await until(
    'a contact of the profile',
    () => [...portal().contacts.values()].find((one) => one.properties['email'] === email) ?? null,
  );
  expect(again.properties).toMatchObject({ firstname: 'Ada', company: 'Zero' });
  expect(profile).toMatchObject({ first_name: 'Ada', organization: 'Zero' });
}, 60_000);
