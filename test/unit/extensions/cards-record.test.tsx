import { describe, expect, test } from '@jest/globals';
import { EmptyState, Link, TableHeader } from '@hubspot/ui-extensions';
import fc from 'fast-check';
import { createRenderer } from '@hubspot/ui-extensions/testing';
import { shorten, shortUrl } from '../../../hubspot-app/app/cards/activity/short-texts.js';
import { CompanyCard } from '../../../hubspot-app/app/cards/CompanyCard.js';
import { ContactSidebarCard } from '../../../hubspot-app/app/cards/ContactSidebarCard.js';
import { ContactTabCard } from '../../../hubspot-app/app/cards/ContactTabCard.js';
import { DealCard } from '../../../hubspot-app/app/cards/DealCard.js';
import { RecordActivity } from '../../../hubspot-app/app/cards/record/RecordActivity.js';
import { words } from '../../../hubspot-app/app/cards/words.js';
import { activityOf, drawCard, openCardStand, press, quiet, recordOf, sees, textOf } from './cards-stand.js';
import { drawnText } from './settings-stand.js';

const paths = { company: 'GET /companies/101', deal: 'GET /deals/101' } as const;

describe.each(['company', 'deal'] as const)('F7: the card of a %s', (object) => {
  const open = (part: Parameters<typeof recordOf>[0]) => {
    const stand = openCardStand();
    stand.on(paths[object], () => ({ body: recordOf(part) }));
    return drawCard(stand, <RecordActivity object={object} />, 'crm.record.tab');
  };

  test('shows the activity of its contacts together, and who did it', async () => {
    const card = open({});
    await sees(card, 'Clicked “Autumn sale” 3 days ago by ada@example.com');
    expect(textOf(card)).toContain(`3 contacts of this ${object} have email activity.`);
    expect(card.findAll(TableHeader).map(({ text }) => text)).toEqual(['What', 'Who', 'Email', 'When']);
    expect(card.findAll(Link)[0]).toMatchObject({ text: 'ada@example.com' });
    expect(card.findAll(Link)[0]?.props.href).toEqual({
      url: 'https://app.hubspot.com/contacts/4242/record/0-1/101',
      external: true,
    });
  });

  test('an address that is not kept any more still leads to the contact', async () => {
    const hubspotUrl = 'https://app.hubspot.com/contacts/4242/record/0-1/9';
    const card = open({ latest: [activityOf({ contact: { email: null, hubspotUrl } })] });
    await sees(card, words.latest.unknownPerson);
  });

  test.each(['on', 'paused', 'off'] as const)('nobody received an email, the sync of activity %s', async (state) => {
    const card = open({ ...quiet, contacts: 0, emailActivity: { ...quiet.emailActivity, state } });
    await sees(card, words.emptyRecord.nobody[object]);
    expect(textOf(card)).toContain(words.emptyRecord.collecting[state]);
    expect(card.findAll(EmptyState)).toHaveLength(1);
  });

  test('a very big one says that not all contacts are counted', async () => {
    const card = open({ contacts: 500 });
    await sees(card, words.mostContacts(500));
  });

  test('one contact is one', async () => {
    await sees(open({ contacts: 1 }), `1 contact of this ${object} has email activity.`);
  });

  test('a failure is told, with Try again', async () => {
    const stand = openCardStand();
    stand.on(paths[object], () => ({ status: 503, body: '' }));
    const card = drawCard(stand, <RecordActivity object={object} />, 'crm.record.tab');
    await sees(card, 'The service failed (503).');
    stand.on(paths[object], () => ({ body: recordOf() }));
    await press(card, words.retry);
    await sees(card, 'Autumn sale');
  });
});

test.each([
  ['contact tab', ContactTabCard, 'crm.record.tab'],
  ['contact sidebar', ContactSidebarCard, 'crm.record.sidebar'],
  ['company', CompanyCard, 'crm.record.tab'],
  ['deal', DealCard, 'crm.record.tab'],
] as const)('the %s card says so when the app was uploaded without the address of its service', (_, Card, location) => {
  const renderer = createRenderer(location);
  const { context, actions } = renderer.mocks;
  // What each takes of HubSpot is the same at both places.
  const Any = Card as typeof ContactTabCard;
  renderer.render(<Any context={context as never} actions={actions as never} />);
  expect(drawnText(renderer.getRootNode())).toContain(words.problem.notSetUp);
});

test('a link is shown as people know it, and never too long', () => {
  expect(shortUrl('https://www.shop.example/socks/?utm_source=a#b', 60)).toBe('shop.example/socks');
  expect(shortUrl('http://例え.jp/靴下', 60)).toBe('例え.jp/靴下');
  expect(shortUrl(`https://shop.example/${'x'.repeat(500)}`, 60)).toHaveLength(60);
});

test('a long text keeps both ends, and whole characters', () => {
  expect(shorten('ada@example.com', 15)).toBe('ada@example.com');
  expect(shorten('somebody.with.a.long.address@example.com', 20)).toBe('somebody.with…le.com');
  expect([...shorten('🧦'.repeat(50), 10)]).toEqual([...'🧦🧦🧦🧦🧦🧦…🧦🧦🧦']);
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 3, max: 80 }), (text, most) => {
      const short = [...shorten(text, most)];
      expect(short.length).toBeLessThanOrEqual(most);
      if ([...text].length <= most) expect(short.join('')).toBe(text);
      else expect(text.startsWith(short.slice(0, short.indexOf('…')).join(''))).toBe(true);
    }),
  );
});

test.each([
  [-5, 'just now'],
  [59, 'just now'],
  [60, '1 minute ago'],
  [3_599, '59 minutes ago'],
  [7_200, '2 hours ago'],
  [86_400, '1 day ago'],
  [86_400 * 59, '59 days ago'],
  [86_400 * 61, '2 months ago'],
  [86_400 * 800, '2 years ago'],
])('%s seconds are “%s”', (seconds, said) => expect(words.ago(seconds)).toBe(said));
