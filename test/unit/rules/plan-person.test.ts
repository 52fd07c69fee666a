import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { ContactConnection } from '../../../server/rules/connection.js';
import { noMemory } from '../../../server/rules/consent.js';
import { rulesKey } from '../../../server/rules/eligibility.js';
import type { HubspotField, KlaviyoField } from '../../../server/rules/fields.js';
import { mappedFields, mergeFields, type Catalogue } from '../../../server/rules/mappings.js';
import type { Person } from '../../../server/rules/person.js';
import { planPerson, type Scope } from '../../../server/rules/plan-person.js';

const hubspotField = (name: string, more: Partial<HubspotField> = {}): HubspotField => ({
  object: 'contact',
  name,
  label: name,
  type: 'string',
  fieldType: 'text',
  readOnly: false,
  ...more,
});
const attribute = (name: string, more: Partial<KlaviyoField> = {}): KlaviyoField => ({
  kind: 'attribute',
  name,
  label: name,
  type: 'string',
  readOnly: false,
  ...more,
});
const catalogue: Catalogue = {
  hubspot: new Map([
    ['contact.firstname', hubspotField('firstname')],
    ['contact.lastname', hubspotField('lastname')],
    ['contact.phone', hubspotField('phone', { type: 'phone_number', fieldType: 'phonenumber' })],
    ['contact.score', hubspotField('score', { type: 'number', readOnly: true, because: 'calculated' })],
    ['contact.consent', hubspotField('consent')],
    ['company.name', hubspotField('name', { object: 'company' })],
  ]),
  klaviyo: new Map([
    ['attribute.first_name', attribute('first_name')],
    ['attribute.last_name', attribute('last_name')],
    ['attribute.phone_number', attribute('phone_number')],
    ['attribute.organization', attribute('organization')],
    [
      'attribute.subscriptions.email.marketing.consent',
      attribute('subscriptions.email.marketing.consent', { readOnly: true }),
    ],
  ]),
};
const map = (
  property: string,
  name: string,
  more: Partial<ContactConnection['mappings'][number]> = {},
): ContactConnection['mappings'][number] => ({
  hubspot: { object: 'contact', property },
  klaviyo: { kind: 'attribute', name },
  direction: 'both',
  winner: null,
  emptyToo: false,
  ...more,
});

function connection(more: Partial<ContactConnection> = {}): ContactConnection {
  return {
    id: 'c1',
    portalId: '1',
    klaviyoAccountId: 'a',
    name: 'Everybody',
    state: 'active',
    createdAt: '2026-01-01',
    configVersion: 1,
    direction: 'two_way',
    rules: {
      hubspotToKlaviyo: [{ source: { all: true }, klaviyoListId: 'L1' }],
      klaviyoToHubspot: [{ source: { all: true } }],
    },
    mappings: [map('firstname', 'first_name'), map('lastname', 'last_name'), map('phone', 'phone_number')],
    ...more,
    options: {
      winner: 'hubspot',
      subscribe: false,
      resubscribe: false,
      unsubscribeOnExit: false,
      createInHubspot: true,
      createInKlaviyo: true,
      defaultRegion: 'US',
      limit: null,
      erasePrivacyDeletionsInKlaviyo: false,
      carryOptOuts: 'off',
      stage: 'all',
      maxNewRecords: null,
      ...more.options,
    },
  };
}

function scope(...connections: ContactConnection[]): Scope {
  return {
    connections,
    goneLists: new Set(),
    consent: { optIn: new Map(), now: '2026-11-01T00:00:00.000Z' },
    fieldsOf: (ids) =>
      mergeFields(connections.filter(({ id }) => ids.includes(id)).map((one) => mappedFields(one, catalogue).fields)),
  };
}

function contact(properties: Record<string, string | null>, id = '101'): NonNullable<Person['hubspot']> {
  return { id, properties: { email: 'ada@example.com', ...properties }, createdAt: '2024-01-01' };
}
function profile(
  attributes: Record<string, string | null>,
  more: Partial<NonNullable<Person['klaviyo']>> = {},
): NonNullable<Person['klaviyo']> {
  return {
    id: 'P1',
    email: 'ada@example.com',
    attributes,
    properties: {},
    created: '2024-01-01',
    updated: '2024-01-01',
    ...more,
  };
}
function person(more: Partial<Person>): Person {
  return {
    hubspot: null,
    klaviyo: null,
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
    ...more,
  };
}
const linked = { id: '1', hubspotId: '101', klaviyoId: 'P1', email: 'ada@example.com', base: {} };

describe('who is in sync, and how pairs come to be', () => {
  test('B4: the other side has the email: link, do not create', () => {
    const plan = planPerson(
      person({ hubspot: contact({ firstname: 'Ada' }), klaviyo: profile({ first_name: null }) }),
      scope(connection()),
    );
    expect(plan.hubspot).toBeNull();
    expect(plan.klaviyo).toMatchObject({ action: 'update', attributes: { first_name: 'Ada' } });
  });

  test('B2: a contact that a rule matches is created in Klaviyo and joins the rule’s list', () => {
    const plan = planPerson(
      person({ hubspot: contact({ firstname: 'Ada', phone: '202 555 0123' }) }),
      scope(connection()),
    );
    expect(plan.klaviyo).toEqual({
      action: 'create',
      email: 'ada@example.com',
      attributes: { first_name: 'Ada', phone_number: '+12025550123' },
      properties: {},
      unset: [],
    });
    expect(plan.listAdds).toEqual([{ connectionId: 'c1', listId: 'L1' }]);
  });

  test('B2: a profile that a rule matches is created in HubSpot, and joins the list like any contact', () => {
    const plan = planPerson(
      person({ klaviyo: profile({ first_name: 'Ada' }, { email: 'Ada@Example.com ' }) }),
      scope(connection()),
    );
    expect(plan.hubspot).toEqual({ action: 'create', properties: { email: 'ada@example.com', firstname: 'Ada' } });
    expect(plan.listAdds).toEqual([{ connectionId: 'c1', listId: 'L1' }]);
  });

  test('B1: one-way never writes the source', () => {
    const one = connection({ direction: 'hubspot_to_klaviyo' });
    const plan = planPerson(
      person({ hubspot: contact({ firstname: null }), klaviyo: profile({ first_name: 'Ada' }) }),
      scope(one),
    );
    expect(plan.hubspot).toBeNull();
    const alone = planPerson(person({ klaviyo: profile({ first_name: 'Ada' }) }), scope(one));
    expect(alone).toMatchObject({ hubspot: null, klaviyo: null, standings: [] });
  });

  const skips: [string, Partial<Person>, Partial<ContactConnection>, string][] = [
    ['B3: without an email', { hubspot: contact({ email: null }) }, {}, 'no_email'],
    ['B3: with blanks for an email', { hubspot: contact({ email: '  ' }) }, {}, 'no_email'],
    ['B5: under a secondary email', { klaviyo: profile({}), secondaryOf: '101' }, {}, 'secondary_email'],
    ['B4: whose email an older pair holds', { klaviyo: profile({}), duplicateOf: '101' }, {}, 'duplicate_email'],
    [
      'B11: whose partner was deleted',
      { klaviyo: profile({}), tombstone: { reason: 'deleted_in_hubspot', base: {} } },
      {},
      'deleted_in_hubspot',
    ],
    [
      'whose creation is switched off',
      { hubspot: contact({}) },
      { options: { ...connection().options, createInKlaviyo: false } },
      'not_in_klaviyo',
    ],
  ];
  test.each(skips)('a record %s is skipped with its reason', (_name, who, how, reason) => {
    const plan = planPerson(person(who), scope(connection(how)));
    expect(plan).toMatchObject({ hubspot: null, klaviyo: null, standings: [{ state: 'skipped', reason }] });
    expect(plan.standings[0]?.message).toMatch(/\w/);
  });

  test('B2: lists: matched by one of several rules, joins the lists of those that match only', () => {
    const rules = {
      hubspotToKlaviyo: [
        { source: { hubspotListIds: ['41'] }, klaviyoListId: 'L1' },
        { source: { hubspotListIds: ['42', '43'] }, klaviyoListId: 'L2' },
      ],
      klaviyoToHubspot: [],
    };
    const plan = planPerson(
      person({ hubspot: contact({}), hubspotLists: new Set(['43']) }),
      scope(connection({ rules })),
    );
    expect(plan.listAdds).toEqual([{ connectionId: 'c1', listId: 'L2' }]);
    expect(
      planPerson(person({ hubspot: contact({}), hubspotLists: new Set(['99']) }), scope(connection({ rules })))
        .standings,
    ).toEqual([]);
  });
});

describe('leaving', () => {
  const rules = {
    hubspotToKlaviyo: [{ source: { hubspotListIds: ['41'] }, klaviyoListId: 'L1' }],
    klaviyoToHubspot: [],
  };
  const one = connection({ rules });
  const before = {
    connectionId: 'c1',
    state: 'in_sync' as const,
    reason: null,
    message: null,
    lists: ['L1'],
    rulesKey: rulesKey(one),
  };

  describe('B8/G1: no answer came to the last list write', () => {
    const lost = [{ connectionId: 'c1', listId: 'L1', rulesKey: rulesKey(one) }];
    const pair = { hubspot: contact({}), klaviyo: profile({}), link: linked, listWrites: lost };
    const member = { hubspotLists: new Set(['41']) };

    test.each([
      ['taken off perhaps, and wanted again: joins', { ...pair, ...member, standings: [before] }, ['L1'], []],
      ['joined perhaps, and still wanted: joins', { ...pair, ...member, standings: [] }, ['L1'], []],
      ['joined perhaps, and wanted no more: leaves', { ...pair, standings: [] }, [], ['L1']],
      [
        'joined perhaps on coming back, and gone again: leaves',
        { ...pair, standings: [{ ...before, state: 'not_in_scope' as const, lists: [] }] },
        [],
        ['L1'],
      ],
    ])('%s', (_name, known, adds, removes) => {
      const plan = planPerson(person(known), scope(one));
      expect(plan.listAdds.map(({ listId }) => listId)).toEqual(adds);
      expect(plan.listRemoves.map(({ listId }) => listId)).toEqual(removes);
    });

    test('B9: asked for by rules that were changed since: nobody is taken off', () => {
      const plan = planPerson(person({ ...pair, listWrites: [{ ...lost[0]!, rulesKey: 'other rules' }] }), scope(one));
      expect(plan.listRemoves).toEqual([]);
    });

    test('another connection’s is its own', () => {
      const plan = planPerson(person({ ...pair, listWrites: [{ ...lost[0]!, connectionId: 'c2' }] }), scope(one));
      expect([plan.listAdds, plan.listRemoves, plan.standings]).toEqual([[], [], []]);
    });
  });

  test('B8: who matches no rule any more leaves the list; nothing is written or deleted', () => {
    const plan = planPerson(
      person({ hubspot: contact({ firstname: 'New' }), klaviyo: profile({}), link: linked, standings: [before] }),
      scope(one),
    );
    expect(plan).toMatchObject({
      hubspot: null,
      klaviyo: null,
      listRemoves: [{ listId: 'L1' }],
      standings: [{ state: 'not_in_scope', reason: 'left_rules' }],
    });
  });

  test('B9: who was brought in by other rules is removed from nothing', () => {
    const changed = connection({
      rules: { ...rules, hubspotToKlaviyo: [{ source: { hubspotListIds: ['42'] }, klaviyoListId: 'L1' }] },
    });
    expect(
      planPerson(
        person({ hubspot: contact({}), klaviyo: profile({}), link: linked, standings: [before] }),
        scope(changed),
      ).listRemoves,
    ).toEqual([]);
  });

  test('B11: a deleted contact ends the link and deletes nothing', () => {
    const plan = planPerson(
      person({ klaviyo: profile({}), link: linked, gone: { hubspot: true, klaviyo: false }, standings: [before] }),
      scope(connection()),
    );
    expect(plan).toMatchObject({
      ending: 'deleted_in_hubspot',
      hubspot: null,
      klaviyo: null,
      standings: [{ state: 'skipped', reason: 'deleted_in_hubspot' }],
    });
  });
});

describe('email changes', () => {
  test('B6: the link survives and the other side follows', () => {
    const plan = planPerson(
      person({ hubspot: contact({ email: 'new@example.com' }), klaviyo: profile({}), link: linked }),
      scope(connection()),
    );
    expect(plan.klaviyo).toMatchObject({ action: 'update', email: 'new@example.com' });
    expect(plan.email).toBe('new@example.com');
  });

  test('B6: a taken email is an issue, and the other fields keep syncing', () => {
    const plan = planPerson(
      person({
        hubspot: contact({ email: 'new@example.com', firstname: 'Ada' }),
        klaviyo: profile({}),
        link: linked,
        emailHolder: { klaviyo: 'P9' },
      }),
      scope(connection()),
    );
    expect(plan.klaviyo).toEqual({ action: 'update', attributes: { first_name: 'Ada' }, properties: {}, unset: [] });
    expect(plan.issues).toMatchObject([{ code: 'email_taken_in_klaviyo' }]);
    expect(plan.standings).toMatchObject([{ state: 'failed', reason: 'email_taken_in_klaviyo' }]);
  });

  test('B3: letter case and blanks are no change', () => {
    const plan = planPerson(
      person({ hubspot: contact({}), klaviyo: profile({}, { email: ' ADA@Example.com' }), link: linked }),
      scope(connection()),
    );
    expect(plan).toMatchObject({ hubspot: null, klaviyo: null, writes: [] });
  });
});

describe('fields', () => {
  test('D7: what cannot be converted is an issue, the other fields still sync', () => {
    const plan = planPerson(person({ hubspot: contact({ firstname: 'Ada', phone: 'call me' }) }), scope(connection()));
    expect(plan.klaviyo?.attributes).toEqual({ first_name: 'Ada' });
    expect(plan.issues).toMatchObject([
      { code: 'invalid_phone', field: 'phone', detail: expect.stringContaining('call me') },
    ]);
  });

  test('D7: a national number is read in the contact’s country', () => {
    const plan = planPerson(
      person({ hubspot: contact({ phone: '030 901820', country: 'Germany' }) }),
      scope(connection()),
    );
    expect(plan.klaviyo?.attributes).toEqual({ phone_number: '+4930901820' });
  });

  test('D1, D2: company and read-only fields are only ever a source', () => {
    const one = connection({
      mappings: [
        map('score', 'first_name'),
        { ...map('name', 'organization'), hubspot: { object: 'company', property: 'name' } },
      ],
    });
    const plan = planPerson(
      person({ hubspot: contact({}), klaviyo: profile({ first_name: '7', organization: 'Acme' }), link: linked }),
      scope(one),
    );
    expect(plan.hubspot).toBeNull();
  });

  test('C4: the consent status reaches a HubSpot property, suppression before consent', () => {
    const one = connection({
      mappings: [map('consent', 'subscriptions.email.marketing.consent', { direction: 'to_hubspot' })],
    });
    const status = (consent: string, ...reasons: string[]): unknown =>
      planPerson(
        person({
          hubspot: contact({}),
          klaviyo: profile({}, { subscription: { consent, suppressions: reasons.map((reason) => ({ reason })) } }),
        }),
        scope(one),
      ).hubspot?.properties['consent'];
    expect(status('SUBSCRIBED')).toBe('SUBSCRIBED');
    expect(status('UNSUBSCRIBED', 'UNSUBSCRIBE')).toBe('UNSUBSCRIBED');
    expect(status('SUBSCRIBED', 'USER_SUPPRESSED')).toBe('SUPPRESSED');
    expect(status('NEVER_SUBSCRIBED')).toBe('NEVER_SUBSCRIBED');
  });

  test('D10: a vanished field is a problem of its mapping, the others go on', () => {
    const one = connection({ mappings: [map('gone', 'first_name'), map('lastname', 'last_name')] });
    const { fields, problems } = mappedFields(one, catalogue);
    expect(problems).toEqual([{ connectionId: 'c1', code: 'field_missing', side: 'hubspot', field: 'gone' }]);
    expect(fields).toHaveLength(1);
  });

  test('two connections that map the same field: the older one writes it', () => {
    const older = connection({ id: 'old', mappings: [map('firstname', 'first_name')] });
    const newer = connection({ id: 'new', mappings: [map('lastname', 'first_name')] });
    const fields = scope(older, newer).fieldsOf(['old', 'new']);
    expect(fields.map((field) => [field.connectionId, field.policy.direction])).toEqual([
      ['old', 'both'],
      ['new', 'to_hubspot'],
    ]);
  });

  test('D3: the winner may be set for one mapping', () => {
    const one = connection({
      mappings: [map('firstname', 'first_name', { winner: 'klaviyo' }), map('lastname', 'last_name')],
    });
    const plan = planPerson(
      person({
        hubspot: contact({ firstname: 'h', lastname: 'h' }),
        klaviyo: profile({ first_name: 'k', last_name: 'k' }),
      }),
      scope(one),
    );
    expect(plan.hubspot?.properties).toEqual({ firstname: 'k' });
    expect(plan.klaviyo?.attributes).toEqual({ last_name: 'h' });
  });
});

test('D5: a plan carried out leaves nothing to do', () => {
  const word = fc.option(fc.constantFrom('a', 'b', '+12025550123'), { nil: null });
  fc.assert(
    fc.property(
      fc.record({ f1: word, f2: word, l1: word, l2: word, b1: fc.option(word), emptyToo: fc.boolean() }),
      ({ f1, f2, l1, l2, b1, emptyToo }) => {
        const one = connection({
          mappings: [map('firstname', 'first_name', { emptyToo }), map('lastname', 'last_name')],
        });
        const link = { ...linked, base: b1 === undefined ? {} : { 'contact.firstname|attribute.first_name': b1 } };
        const first = planPerson(
          person({
            hubspot: contact({ firstname: f1, lastname: l1 }),
            klaviyo: profile({ first_name: f2, last_name: l2 }),
            link,
          }),
          scope(one),
        );
        const base = {
          ...link.base,
          ...first.agreed,
          ...Object.fromEntries(first.writes.map((write) => [write.key, write.newValue])),
        };
        const hubspot = contact({ firstname: f1, lastname: l1, ...first.hubspot?.properties });
        const klaviyo = profile({
          first_name: f2,
          last_name: l2,
          ...(first.klaviyo?.attributes as Record<string, string | null> | undefined),
        });
        const second = planPerson(person({ hubspot, klaviyo, link: { ...linked, base } }), scope(one));
        expect(second).toMatchObject({ hubspot: null, klaviyo: null, writes: [] });
      },
    ),
  );
});

describe('merges, deletions and what comes after', () => {
  const standing = (more: Partial<Person['standings'][number]> = {}): Person['standings'][number] => ({
    connectionId: 'c1',
    state: 'in_sync',
    reason: null,
    message: null,
    lists: ['L1'],
    rulesKey: rulesKey(connection()),
    ...more,
  });
  const subscription = (consent: string) => ({ consent, suppressions: [] });
  const released = (survivor: Partial<Person>, more: Partial<Person> = {}): Person =>
    person({
      klaviyo: profile({}, { subscription: subscription('SUBSCRIBED') }),
      link: linked,
      gone: { hubspot: true, klaviyo: false },
      mergedInto: person(survivor),
      standings: [standing()],
      ...more,
    });

  test('B7: the profile of a contact that was merged away is released and leaves the list; its data is left alone', () => {
    const plan = planPerson(released({ hubspot: contact({}, '202') }), scope(connection()));
    expect(plan).toMatchObject({
      ending: 'merged_in_hubspot',
      klaviyo: null,
      listRemoves: [{ connectionId: 'c1', listId: 'L1' }],
      optOuts: [],
      standings: [{ state: 'skipped', reason: 'secondary_email', lists: [] }],
    });
  });

  test('B7: it is unsubscribed only if the connection says so and the survivor is out of sync', () => {
    const exits = connection({
      options: { ...connection().options, unsubscribeOnExit: true },
      rules: { hubspotToKlaviyo: [{ source: { hubspotListIds: ['7'] }, klaviyoListId: 'L1' }], klaviyoToHubspot: [] },
    });
    const merged = (lists: string[]) =>
      planPerson(
        released(
          { hubspot: contact({}, '202'), hubspotLists: new Set(lists) },
          { standings: [standing({ rulesKey: rulesKey(exits) })] },
        ),
        scope(exits),
      ).optOuts;
    expect(merged(['7'])).toEqual([]);
    expect(merged([])).toMatchObject([{ side: 'klaviyo', because: 'merged' }]);
  });

  test('B7: a profile that was merged into a linked one ends its pair, and is not created again', () => {
    const plan = planPerson(
      person({
        hubspot: contact({}),
        link: linked,
        gone: { hubspot: false, klaviyo: true },
        mergedInto: person({ klaviyo: profile({}, { id: 'P2' }) }),
        standings: [standing()],
      }),
      scope(connection()),
    );
    expect(plan).toMatchObject({
      ending: 'merged_in_klaviyo',
      klaviyo: null,
      standings: [{ reason: 'merged_in_klaviyo' }],
    });
  });

  test.each(['hubspot', 'klaviyo'] as const)('C1: what is gone from %s takes its lists with it only there', (side) => {
    const plan = planPerson(
      person({
        ...(side === 'hubspot' ? { klaviyo: profile({}) } : { hubspot: contact({}) }),
        link: linked,
        gone: { hubspot: side === 'hubspot', klaviyo: side === 'klaviyo' },
        standings: [standing()],
      }),
      scope(connection()),
    );
    expect(plan.standings).toMatchObject([
      { reason: `deleted_in_${side}`, lists: side === 'klaviyo' ? [] : standing().lists },
    ]);
  });

  test.each(['hubspot', 'klaviyo'] as const)('C6: an opt-out in %s is carried to a pair that comes to be', (side) => {
    const carries = connection({ options: { ...connection().options, carryOptOuts: 'both' } });
    const plan = planPerson(
      person({
        hubspot: contact({ hs_email_optout: side === 'hubspot' ? 'true' : '' }),
        klaviyo: profile({}, { subscription: subscription(side === 'klaviyo' ? 'UNSUBSCRIBED' : 'SUBSCRIBED') }),
        consent: { ...noMemory, optedOut: ['hubspot', 'klaviyo'] },
      }),
      scope(carries),
    );
    expect(plan.optOuts).toMatchObject([{ side: side === 'hubspot' ? 'klaviyo' : 'hubspot' }]);
  });

  test('B11: the remaining record comes back only when somebody edits it', () => {
    const field = 'contact.firstname|attribute.first_name';
    const tombstone = { reason: 'deleted_in_klaviyo', base: { [field]: 'Ada', email: 'ada@example.com' } } as const;
    const of = (properties: Record<string, string>) =>
      planPerson(person({ hubspot: contact(properties), tombstone }), scope(connection())).klaviyo;
    expect(of({ firstname: 'Ada' })).toBe(null);
    expect(of({ firstname: ' Ada ', hs_email_open: '3' })).toBe(null);
    expect(of({ firstname: 'Augusta' })).toMatchObject({ action: 'create' });
    expect(of({ firstname: 'Ada', email: 'lovelace@example.com' })).toMatchObject({ action: 'create' });
  });

  test('B11: nothing is ever created of somebody who asked to be erased', () => {
    const plan = planPerson(person({ klaviyo: profile({ first_name: 'Ada' }), erased: true }), scope(connection()));
    expect(plan).toMatchObject({ hubspot: null, standings: [{ state: 'skipped', reason: 'erased' }] });
  });

  test('B9: nobody leaves because a list of the rules was deleted', () => {
    const exits = connection({
      options: { ...connection().options, unsubscribeOnExit: true },
      rules: { hubspotToKlaviyo: [{ source: { hubspotListIds: ['7'] }, klaviyoListId: 'L1' }], klaviyoToHubspot: [] },
    });
    const who = person({
      hubspot: contact({}),
      klaviyo: profile({}, { subscription: subscription('SUBSCRIBED') }),
      link: linked,
      standings: [standing({ rulesKey: rulesKey(exits) })],
    });
    const plan = planPerson(who, { ...scope(exits), goneLists: new Set(['7']) });
    expect(plan).toMatchObject({
      listRemoves: [],
      optOuts: [],
      standings: [{ reason: 'list_missing', lists: ['L1'] }],
    });
  });

  test('B8: leaving unsubscribes only if the connection says so, and nothing else matches', () => {
    const exits = (more: Partial<ContactConnection> = {}) =>
      connection({
        rules: { hubspotToKlaviyo: [{ source: { hubspotListIds: ['7'] }, klaviyoListId: 'L1' }], klaviyoToHubspot: [] },
        ...more,
        options: { ...connection().options, unsubscribeOnExit: true, ...more.options },
      });
    const leaver = (consent: string) =>
      person({
        hubspot: contact({}),
        klaviyo: profile({}, { subscription: subscription(consent) }),
        link: linked,
        standings: [standing({ rulesKey: rulesKey(exits()) })],
      });
    expect(planPerson(leaver('SUBSCRIBED'), scope(exits())).optOuts).toMatchObject([
      { side: 'klaviyo', because: 'left_rules' },
    ]);
    expect(planPerson(leaver('UNSUBSCRIBED'), scope(exits())).optOuts).toEqual([]);
    const off = exits({ options: { ...exits().options, unsubscribeOnExit: false } });
    expect(planPerson(leaver('SUBSCRIBED'), scope(off)).optOuts).toEqual([]);
    expect(planPerson(leaver('SUBSCRIBED'), scope(exits(), connection({ id: 'c2' }))).optOuts).toEqual([]);
    // Under other rules the person had joined: changing a rule unsubscribes nobody (B9).
    const changed = { ...leaver('SUBSCRIBED'), standings: [standing({ rulesKey: 'other rules' })] };
    expect(planPerson(changed, scope(exits())).optOuts).toEqual([]);
  });

  test('C1: joining the list subscribes nobody; with the switch on the person is to be subscribed', () => {
    const who = person({ hubspot: contact({}) });
    expect(planPerson(who, scope(connection())).subscribe).toBe(null);
    const subscribing = connection({ options: { ...connection().options, subscribe: true } });
    expect(planPerson(who, scope(subscribing))).toMatchObject({
      listAdds: [{ listId: 'L1' }],
      subscribe: { listId: 'L1', because: 'never_subscribed', was: 'NEVER_SUBSCRIBED' },
    });
  });

  test('C6: a merged contact’s opt-out becomes the survivor’s', () => {
    const subscribing = connection({ options: { ...connection().options, subscribe: true } });
    const plan = planPerson(
      person({
        hubspot: contact({}),
        klaviyo: profile({}, { subscription: subscription('SUBSCRIBED') }),
        link: linked,
        mergedOptOut: true,
      }),
      scope(subscribing),
    );
    expect(plan).toMatchObject({ subscribe: null, optOuts: [{ side: 'klaviyo', because: 'opted_out_before_merge' }] });
  });

  test('C6: an opt-out crosses for people out of scope too', () => {
    const carrying = connection({
      rules: { hubspotToKlaviyo: [{ source: { hubspotListIds: ['7'] }, klaviyoListId: 'L1' }], klaviyoToHubspot: [] },
      options: { ...connection().options, carryOptOuts: 'both' },
    });
    const who = person({ hubspot: contact({}), klaviyo: profile({}, { subscription: subscription('UNSUBSCRIBED') }) });
    expect(planPerson(who, scope(carrying))).toMatchObject({
      hubspot: null,
      optOuts: [{ side: 'hubspot', because: 'opted_out_in_klaviyo' }],
      consent: { optedOut: ['klaviyo'] },
    });
  });

  test('F9: a limited connection leaves people who were not chosen for later; another connection may sync them', () => {
    const limited = connection({ options: { ...connection().options, limit: 5 } });
    const who = person({ hubspot: contact({}) });
    expect(planPerson(who, scope(limited))).toMatchObject({ klaviyo: null, standings: [{ reason: 'beyond_limit' }] });
    expect(planPerson({ ...who, admittedBy: new Set(['c1']) }, scope(limited)).klaviyo).toMatchObject({
      action: 'create',
    });
    expect(planPerson(who, scope(limited, connection({ id: 'c2' })))).toMatchObject({
      klaviyo: { action: 'create' },
      connectionIds: ['c2'],
    });
  });
});
