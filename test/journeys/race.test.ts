import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openWorld, syncEverybody, until, type World } from '../helpers/service.js';

let world: World;
const portal = () => world.hubspot.portals.get(world.portalId)!;
const account = () => world.klaviyo.accounts.get('TANDM1')!;
beforeAll(async () => {
  world = await openWorld();
  await syncEverybody(world);
}, 60_000);
afterAll(() => world.close());

test('B4: two processes, doubled webhooks and a crash racing on the same new people create each once', async () => {
  const other = await world.startAnother();
  world.hubspot.webhooks.behaviour = { ...world.hubspot.webhooks.behaviour, duplicates: 1, shuffle: true };
  const emails = Array.from({ length: 120 }, (_, n) => `racer${n}@example.org`);
  for (const [n, email] of emails.entries()) {
    // Some come to be on both sides at the same moment, some on one of them.
    if (n % 3 !== 0) portal().create('contacts', { email, firstname: `H${n}` }, 'CRM_UI');
    if (n % 3 !== 1) {
      const profile = account().create();
      account().identify(profile, { email });
      account().touch(profile);
    }
  }
  await until('the first of them to be written', () =>
    emails.some((email, n) => n % 3 === 1 && account().holder({ email }).length > 0) ? true : null,
  );
  await other.kill('SIGKILL');
  const links = async (): Promise<number> =>
    (await world.database.db.query(`select from link where email like 'racer%'`)).length;
  await until('everybody to be linked', async () => ((await links()) === emails.length ? true : null), 40_000);
  const contacts = [...portal().contacts.values()].map(({ properties }) => properties['email'] ?? '');
  const profiles = [...account().profiles.values()].map(({ email }) => email ?? '');
  for (const email of emails) {
    expect(contacts.filter((one) => one === email)).toHaveLength(1);
    expect(profiles.filter((one) => one === email)).toHaveLength(1);
  }
}, 60_000);
