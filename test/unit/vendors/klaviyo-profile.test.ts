import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { filterChunks, nextCursor, quoted } from '../../../server/vendors/klaviyo/paging.js';
import { propertyFields } from '../../../server/vendors/klaviyo/profile-fields.js';
import { profileJson, profileOf, profileSchema } from '../../../server/vendors/klaviyo/profile-json.js';
import { klaviyoAttributes } from '../../../server/vendors/klaviyo/types.js';

const read = (attributes: object) => profileOf(profileSchema.parse({ type: 'profile', id: '01A', attributes }));

test('a profile is read by the names of the HTTP interface; Klaviyo’s own $ keys stay out', () => {
  const profile = read({
    email: 'Ada@Example.com',
    phone_number: '+4930123456',
    first_name: 'Ada',
    created: '2026-09-04T10:00:00+00:00',
    updated: '2026-09-05T10:00:00+00:00',
    joined_group_at: '2026-09-06T10:00:00+00:00',
    location: { city: 'Berlin', zip: null, latitude: 52.5, timezone: 'Europe/Berlin' },
    properties: { 'Shoe size': 0, vip: false, note: '', $consent: ['email'], tags: ['a'] },
    click_tracking: 'new field',
  });
  expect(profile).toMatchObject({
    id: '01A',
    email: 'Ada@Example.com',
    phoneNumber: '+4930123456',
    properties: { 'Shoe size': 0, vip: false, note: '', tags: ['a'] },
    joinedGroupAt: '2026-09-06T10:00:00+00:00',
  });
  expect(profile.attributes).toMatchObject({
    first_name: 'Ada',
    'location.city': 'Berlin',
    'location.zip': null,
    title: null,
  });
  expect(Object.keys(profile.properties)).not.toContain('$consent');
  expect(profile.subscription).toBeUndefined();
});

test('C2: the consent is read with every suppression, and is never subscribed when Klaviyo says nothing', () => {
  const marketing = {
    can_receive_email_marketing: false,
    consent: 'SUBSCRIBED',
    consent_timestamp: '2026-01-01T00:00:00+00:00',
    last_updated: null,
    suppression: [{ reason: 'USER_SUPPRESSED', timestamp: '2026-02-01T00:00:00+00:00', extra: 1 }],
    list_suppressions: [{ list_id: 'L1', reason: 'UNSUBSCRIBE', timestamp: null }],
  };
  expect(read({ subscriptions: { email: { marketing }, sms: null } }).subscription).toEqual({
    consent: 'SUBSCRIBED',
    consentAt: '2026-01-01T00:00:00+00:00',
    lastUpdated: null,
    suppressions: [{ reason: 'USER_SUPPRESSED', at: '2026-02-01T00:00:00+00:00' }],
    listSuppressions: [{ listId: 'L1', reason: 'UNSUBSCRIBE', at: null }],
  });
  expect(read({ subscriptions: { email: { marketing: {} } } }).subscription?.consent).toBe('NEVER_SUBSCRIBED');
  expect(read({ subscriptions: { email: null } }).subscription).toBeUndefined();
});

const value = fc.oneof(fc.string(), fc.constant(null));
const write = fc.record({
  email: fc.emailAddress(),
  attributes: fc.dictionary(fc.constantFrom(...klaviyoAttributes), value),
  properties: fc.dictionary(
    // `__proto__` is dropped with Klaviyo's own `$…`: no customer means it, and no object should get it.
    fc.string({ minLength: 1 }).filter((name) => !name.startsWith('$') && name !== '__proto__'),
    fc.jsonValue(),
  ),
  unset: fc.array(fc.string({ minLength: 1 })),
});

test('what is written is read back as it was, and what was not mentioned is not sent', () => {
  fc.assert(
    fc.property(write, (one) => {
      const sent = JSON.parse(JSON.stringify(profileJson(one))) as {
        attributes: Record<string, unknown>;
        meta?: unknown;
      };
      const back = read(sent.attributes);
      expect(back.email).toBe(one.email);
      for (const [name, wanted] of Object.entries(one.attributes)) expect(back.attributes[name]).toEqual(wanted);
      expect(back.properties).toEqual(JSON.parse(JSON.stringify(one.properties)));
      const mentioned = Object.keys(one.attributes).filter((name) => !name.startsWith('location.'));
      const flat = Object.keys(sent.attributes).filter((name) => !['email', 'location', 'properties'].includes(name));
      expect(flat.sort()).toEqual(mentioned.sort());
      expect('location' in sent.attributes).toBe(
        Object.keys(one.attributes).some((name) => name.startsWith('location.')),
      );
      expect(sent.meta).toEqual(one.unset.length === 0 ? undefined : { patch_properties: { unset: one.unset } });
    }),
  );
});

test.each([
  ['https://a.klaviyo.com/api/profiles/?page%5Bcursor%5D=bmV4dA&page%5Bsize%5D=100', 'bmV4dA'],
  ['http://127.0.0.1:1/api/profiles?page[cursor]=a%3D%3D', 'a=='],
  ['/api/profiles?page[cursor]=x', 'x'],
  [null, null],
  [undefined, null],
  ['', null],
])('G6: the next page of %p is %p', (next, cursor) => {
  expect(nextCursor({ next })).toBe(cursor);
});

test('G6: a next page without its cursor is not taken for the end', () => {
  expect(() => nextCursor({ next: 'https://a.klaviyo.com/api/profiles' })).toThrow('without its cursor');
  expect(nextCursor(null)).toBeNull();
});

test('G6: filters hold every value once and fit into an address', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 300, unit: 'binary' }), { maxLength: 300 }), (values) => {
      const chunks = filterChunks(values);
      expect(chunks.flat()).toEqual([...new Set(values)]);
      for (const chunk of chunks) {
        expect(chunk.length).toBeLessThanOrEqual(100);
        const length = encodeURIComponent(`any(email,[${chunk.map(quoted).join(',')}])`).length;
        if (chunk.length > 1) expect(length).toBeLessThan(6100);
      }
    }),
  );
});

test('D1, D9: custom properties are the union of what profiles hold, with a type that fits all values', () => {
  const fields = propertyFields([
    { a: 1, b: 'text', c: '2026-01-02', d: null, e: ['x'], f: true, g: '' },
    { a: 'one', c: '2026-01-02 10:00:00', d: 5, e: 'x', h: { deep: 1 }, b: 'x'.repeat(200) },
    { c: 'tomorrow', h: 1 },
  ]);
  expect(Object.fromEntries(fields.map(({ name, type }) => [name, type]))).toEqual({
    a: 'string',
    b: 'string',
    c: 'string',
    d: 'number',
    e: 'list',
    f: 'boolean',
    g: 'unknown',
    h: 'object',
  });
  expect(fields.map(({ name }) => name)).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']);
  expect(fields.find(({ name }) => name === 'd')?.sample).toBe('5');
  expect(fields.find(({ name }) => name === 'g')).not.toHaveProperty('sample');
  expect(propertyFields([{ long: '😀'.repeat(100) }])[0]?.sample).toBe('😀'.repeat(60));
});
