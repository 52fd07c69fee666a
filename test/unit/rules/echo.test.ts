import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { compareFields } from '../../../server/rules/compare-fields.js';
import type { ContactConnection } from '../../../server/rules/connection.js';
import { noMemory } from '../../../server/rules/consent.js';
import { isEcho, type Agreed, type SweptRecord } from '../../../server/rules/echo.js';
import type { HubspotField, KlaviyoField } from '../../../server/rules/fields.js';
import type { MappedField } from '../../../server/rules/mappings.js';
import type { HubspotRecord, KlaviyoRecord, Person } from '../../../server/rules/person.js';

const hubspot = (name: string, more: Partial<HubspotField> = {}): HubspotField => ({
  object: 'contact',
  name,
  label: name,
  type: 'string',
  fieldType: 'text',
  readOnly: false,
  ...more,
});
const klaviyo = (kind: 'attribute' | 'property', name: string): KlaviyoField => ({
  kind,
  name,
  label: name,
  type: 'string',
  readOnly: false,
});
const field = (one: HubspotField, other: KlaviyoField): MappedField => ({
  key: `${one.object}.${one.name}|${other.kind}.${other.name}`,
  pair: { hubspot: one, klaviyo: other },
  policy: { direction: 'both', winner: 'hubspot', emptyToo: false },
  connectionId: 'c1',
});
const fields = [
  field(hubspot('firstname'), klaviyo('attribute', 'first_name')),
  field(hubspot('phone', { type: 'phone_number', fieldType: 'phonenumber' }), klaviyo('attribute', 'phone_number')),
  field(hubspot('points', { type: 'number', fieldType: 'number' }), klaviyo('property', 'Points')),
  field(hubspot('name', { object: 'company' }), klaviyo('attribute', 'organization')),
];
const [name, phone, points, company] = fields.map(({ key }) => key) as [string, string, string, string];
const connections: ContactConnection[] = [];
const agreed: Agreed = {
  email: 'ada@example.com',
  base: { [name]: 'Ada', [phone]: '+12125550123', [points]: '12', [company]: 'Acme' },
};

const contact = (properties: Record<string, string | null> = {}): HubspotRecord => ({
  id: '101',
  createdAt: '2024-01-01',
  properties: { email: 'ada@example.com', firstname: 'Ada', phone: '(212) 555-0123', points: '12.0', ...properties },
});
const profile = (more: Partial<KlaviyoRecord> = {}): Omit<KlaviyoRecord, 'subscription'> => ({
  id: 'P1',
  email: 'ada@example.com',
  attributes: { first_name: 'Ada', phone_number: '+12125550123', organization: 'Acme' },
  properties: { Points: 12 },
  created: '2024-01-01',
  updated: '2024-01-01',
  ...more,
});
const ofContact = (properties: Record<string, string | null> = {}): SweptRecord => ({
  side: 'hubspot',
  record: contact(properties),
});
const echo = (swept: SweptRecord, what: Agreed = agreed): boolean => isEcho(swept, what, fields, connections);

describe('D5: a record that holds what its pair agreed on is an echo', () => {
  test.each<[string, SweptRecord, boolean]>([
    ['a contact with the agreed values, otherwise spelled', ofContact(), true],
    ['an email in capitals', ofContact({ email: ' ADA@example.com ' }), true],
    ['a profile with the agreed values', { side: 'klaviyo', record: profile() }, true],
    ['a value changed', ofContact({ firstname: 'Augusta' }), false],
    ['a value emptied', ofContact({ firstname: '' }), false],
    ['an address changed', ofContact({ email: 'new@example.com' }), false],
    ['no address', ofContact({ email: null }), false],
    ['an opt-out', ofContact({ hs_email_optout: 'true' }), false],
    ['a merge', ofContact({ hs_merged_object_ids: '202' }), false],
    ['a value that cannot be read', ofContact({ points: 'many' }), false],
    [
      'a profile’s company changed',
      { side: 'klaviyo', record: profile({ attributes: { first_name: 'Ada', organization: 'Other' } }) },
      false,
    ],
    ['a profile’s property taken away', { side: 'klaviyo', record: profile({ properties: {} }) }, false],
    ['a profile without an address', { side: 'klaviyo', record: profile({ email: null }) }, false],
  ])('%s: %#', (_what, swept, expected) => expect(echo(swept)).toBe(expected));

  test('values that an undo left apart: each side’s own', () => {
    const apart = { ...agreed, base: { ...agreed.base, [name]: { hubspot: 'Ada', klaviyo: 'Augusta' } } };
    expect(echo(ofContact(), apart)).toBe(true);
    expect(echo({ side: 'klaviyo', record: profile() }, apart)).toBe(false);
  });

  test('a field that never met is empty', () => {
    const { [points]: _never, ...base } = agreed.base;
    expect(echo(ofContact(), { ...agreed, base })).toBe(false);
    expect(echo(ofContact({ points: null }), { ...agreed, base })).toBe(true);
  });

  test('of whatever two sides agree on, neither is more than an echo; and what is an echo needs no write', () => {
    const text = fc.constantFrom('', 'Ada', ' Ada ', 'Ωmega', '0', 'false');
    const number = fc.constantFrom('', '0', '12', '12.50', '-3');
    fc.assert(
      fc.property(text, text, number, number, (one, other, first, second) => {
        const person: Person = {
          hubspot: contact({ firstname: one, points: first }),
          klaviyo: profile({
            attributes: { first_name: other, phone_number: '+12125550123' },
            properties: second === '' ? {} : { Points: Number(second) },
          }),
          link: null,
          gone: { hubspot: false, klaviyo: false },
          hubspotLists: new Set(),
          klaviyoGroups: new Set(),
          company: null,
          emailHolder: {},
          secondaryOf: null,
          duplicateOf: null,
          tombstone: null,
          erased: false,
          mergedInto: null,
          mergedOptOut: false,
          consent: noMemory,
          admittedBy: new Set(),
          standings: [],
          listWrites: [],
          ownWrites: [],
        };
        const { writes, agreed: base } = compareFields(person, fields, connections);
        const contactSays = isEcho({ side: 'hubspot', record: person.hubspot! }, { ...agreed, base }, fields, []);
        const profileSays = isEcho({ side: 'klaviyo', record: person.klaviyo! }, { ...agreed, base }, fields, []);
        const kept = writes.filter(({ key }) => key !== fields[3]!.key);
        expect(contactSays && profileSays).toBe(kept.length === 0);
      }),
      { numRuns: 1000 },
    );
  });
});
