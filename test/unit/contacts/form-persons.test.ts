import { expect, test } from '@jest/globals';
import { formPersons, type Evidence } from '../../../server/contacts/form-persons.js';
import { noMemory, type ConsentMemory } from '../../../server/rules/consent.js';
import type { Link } from '../../../server/store/links.js';
import type { HubspotContact } from '../../../server/vendors/hubspot/types.js';
import type { KlaviyoProfile } from '../../../server/vendors/klaviyo/types.js';

const contact = (
  id: string,
  email: string,
  createdAt = '2024-01-01',
  more: Record<string, string> = {},
): HubspotContact => ({
  id,
  properties: { email, ...more },
  createdAt,
  updatedAt: createdAt,
  archived: false,
});
const profile = (id: string, email: string, created = '2024-01-01'): KlaviyoProfile => ({
  id,
  email,
  phoneNumber: null,
  attributes: {},
  properties: {},
  created,
  updated: created,
});
const link = (id: string, hubspotId: string, klaviyoId: string, email: string): Link => ({
  id,
  hubspotId,
  klaviyoId,
  email,
  base: {},
  syncedAt: new Date('2024-01-01'),
});

interface Read {
  contacts?: HubspotContact[];
  /** Each profile under the ids that Klaviyo answers with it. */
  profiles?: [string, KlaviyoProfile][];
  /** As the database answered them: in no order. */
  links?: Link[];
  /** What is remembered of the consent behind an address. */
  consents?: [string, ConsentMemory][];
}

function formed(read: Read) {
  return persons(read).map((one) => ({
    hubspot: one.hubspot?.id ?? null,
    klaviyo: one.klaviyo?.id ?? null,
    link: one.link?.id ?? null,
    gone: one.gone.klaviyo,
    duplicateOf: one.duplicateOf,
  }));
}

function persons({ contacts = [], profiles = [], links = [], consents = [] }: Read) {
  const byEmail = { contacts: new Map<string, HubspotContact>(), profiles: new Map<string, KlaviyoProfile[]>() };
  for (const one of contacts) byEmail.contacts.set(one.properties['email'] ?? '', one);
  for (const one of new Set(profiles.map(([, found]) => found)))
    byEmail.profiles.set(one.email ?? '', [...(byEmail.profiles.get(one.email ?? '') ?? []), one]);
  const evidence: Evidence = {
    asked: { hubspot: new Set(contacts.map(({ id }) => id)), klaviyo: new Set(profiles.map(([id]) => id)) },
    contacts: new Map(contacts.map((one) => [one.id, one])),
    profiles: new Map(profiles),
    links: new Map(links.map((one) => [one.id, one])),
    gone: { hubspot: new Set(), klaviyo: new Set() },
    byEmail,
    hubspotLists: new Map(),
    klaviyoGroups: new Map(),
    companies: new Map(),
    standings: new Map(),
    listWrites: new Map(),
    ownWrites: new Map(),
    tombstones: new Map(),
    consents: new Map(consents),
    erased: new Set(),
    admitted: new Map(),
  };
  return formPersons(evidence);
}

const third = profile('P3', 'third@example.org');
const two = [contact('1', 'first@example.org'), contact('2', 'second@example.org')];
const links = [link('7', '1', 'P1', 'first@example.org'), link('8', '2', 'P2', 'second@example.org')];

test.each([
  ['older first', links],
  ['younger first', [...links].reverse()],
])(
  'B7: of two pairs whose profiles went up in a third one, the older follows and the other ends (%s)',
  (_order, read) => {
    const persons = formed({
      contacts: two,
      profiles: [
        ['P1', third],
        ['P2', third],
        ['P3', third],
      ],
      links: read,
    });
    expect(persons).toHaveLength(2);
    expect(persons).toContainEqual({ hubspot: '1', klaviyo: 'P3', link: '7', gone: false, duplicateOf: null });
    expect(persons).toContainEqual({ hubspot: '2', klaviyo: null, link: '8', gone: true, duplicateOf: null });
  },
);

test('B7: a profile that has a pair of its own keeps it; pairs whose profiles went up in it end', () => {
  const persons = formed({
    contacts: [...two, contact('3', 'third@example.org')],
    profiles: [
      ['P1', third],
      ['P2', third],
      ['P3', third],
    ],
    links: [...links, link('9', '3', 'P3', 'third@example.org')],
  });
  expect(persons.filter(({ gone }) => gone).map(({ link: id }) => id)).toEqual(['7', '8']);
  expect(persons).toContainEqual({ hubspot: '3', klaviyo: 'P3', link: '9', gone: false, duplicateOf: null });
});

test('B4: of two contacts that one profile fits, the older is linked and the younger is its duplicate', () => {
  const persons = formed({
    contacts: [contact('2', 'ada@example.org', '2024-05-01'), contact('1', 'ada@example.org', '2023-05-01')],
    profiles: [['P1', profile('P1', 'ada@example.org')]],
  });
  expect(persons.map(({ hubspot, klaviyo, duplicateOf }) => [hubspot, klaviyo, duplicateOf])).toEqual([
    ['1', 'P1', null],
    ['2', null, 'P1'],
  ]);
});

test('B7: the survivor of a merge keeps its own pair and lets that of the other go', () => {
  const persons = formed({
    contacts: [contact('1', 'first@example.org', '2024-01-01', { hs_merged_object_ids: '2' })],
    profiles: [
      ['P1', profile('P1', 'first@example.org')],
      ['P2', profile('P2', 'second@example.org')],
    ],
    links,
  });
  expect(persons.map((one) => [one.hubspot, one.klaviyo, one.link])).toEqual([
    ['1', 'P1', '7'],
    [null, 'P2', '8'],
  ]);
});

// Found by `npm run test:random -- --seed 609` with RUN_BATCH at 8: a contact was given the address of one whose opt-out both sides knew.
test('C6: a pair that takes an address has carried none of the opt-outs that others carried under it', () => {
  const carried: ConsentMemory = { ...noMemory, optedOut: ['hubspot', 'klaviyo'], unsubscribed: true };
  const consentOf = (linked: string, consents: [string, ConsentMemory][]): ConsentMemory | undefined =>
    persons({
      contacts: [contact('1', 'taken@example.org')],
      profiles: [['P1', profile('P1', linked)]],
      links: [link('7', '1', 'P1', linked)],
      consents,
    })[0]?.consent;
  const taken: [string, ConsentMemory] = ['taken@example.org', carried];
  expect(consentOf('own@example.org', [taken])).toEqual({ ...carried, optedOut: [] });
  expect(consentOf('own@example.org', [taken, ['own@example.org', carried]])).toEqual(carried);
  expect(consentOf('taken@example.org', [taken])).toEqual(carried);
  // Where nothing is remembered nothing is read of it either.
  expect(consentOf('own@example.org', [])).toBe(noMemory);
});
