import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  fieldOf,
  missingScope,
  refusalOf,
  scopesNamed,
  vendorErrorOf,
} from '../../../server/vendors/klaviyo/errors.js';
import { importErrorOf } from '../../../server/vendors/klaviyo/imports.js';

const body = (error: object): object => ({ errors: [{ id: '1', code: 'invalid', title: 'Invalid input.', ...error }] });
const refused = (status: number, error: object) => {
  const { code, message, detail } = refusalOf(status, vendorErrorOf(body(error)));
  return { code, message, ...detail };
};

test.each([
  ['/data/attributes/email', 'email'],
  ['/data/attributes/location/city', 'location.city'],
  ['/data/attributes/properties/Shoe size', 'Shoe size'],
  ['/data/attributes/properties/a/b', 'a/b'],
  ['/data/attributes/profiles/data/17/attributes/phone_number', 'phone_number'],
  ['/data/attributes/profiles/data/3/attributes/properties/x', 'x'],
  ['/data/attributes/profiles/data/3', undefined],
  ['/data/attributes', undefined],
  ['/data/id', undefined],
  ['', undefined],
  [null, undefined],
])('the pointer %p names the field %p', (pointer, field) => {
  expect(fieldOf(pointer)).toBe(field);
});

test.each([
  [400, { detail: 'Invalid email address', source: { pointer: '/data/attributes/email' } }, 'invalid_email', 'email'],
  [400, { detail: 'Not E.164', source: { pointer: '/data/attributes/phone_number' } }, 'invalid_phone', 'phone_number'],
  [
    400,
    { detail: 'Phone number region is not supported for SMS', source: { pointer: '/data/attributes/phone_number' } },
    'sms_region_unsupported',
    'phone_number',
  ],
  [400, { detail: 'Too deep', source: { pointer: '/data/attributes/properties/cart' } }, 'klaviyo_rejected', 'cart'],
  [404, { code: 'not_found', detail: 'A profile with id x does not exist.' }, 'not_found', undefined],
  [413, { detail: 'Payload too large' }, 'klaviyo_rejected', undefined],
])('D7: %p %p is the issue %s', (status, error, code, field) => {
  expect(refused(status, error)).toEqual({
    code,
    message: error.detail,
    status,
    ...(field === undefined ? {} : { field }),
  });
});

test('B6: a 409 says which profile has the identity (body as recorded live on 2026-09-04)', () => {
  const live = {
    id: '4d9b2a67-0000-4000-8000-1f0f3f0f3f0f',
    status: 409,
    code: 'duplicate_profile',
    title: 'Conflict.',
    detail: 'A profile already exists with one of these identifiers.',
    source: { pointer: '/data/attributes' },
    links: {},
    meta: { duplicate_profile_id: '01M1ABCDEF' },
  };
  expect(refused(409, live)).toEqual({
    code: 'duplicate_profile',
    message: live.detail,
    status: 409,
    existingId: '01M1ABCDEF',
  });
});

test('A2: a 403 names the scopes it asks for', () => {
  const detail = 'Your API key is missing required scopes: lists:write, data-privacy:write, lists:write.';
  expect(scopesNamed(detail)).toEqual(['lists:write', 'data-privacy:write']);
  expect(missingScope('lists.add', vendorErrorOf(body({ detail })))).toMatchObject({
    code: 'missing_scope',
    message: 'Klaviyo denies lists.add: it needs lists:write, data-privacy:write.',
  });
  expect(missingScope('lists.add', undefined).message).toBe('Klaviyo denies lists.add: a permission is missing.');
});

test('G3: no error body whatever breaks the reading of it', () => {
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), fc.record({ errors: fc.array(fc.jsonValue()) })), (value) => {
      expect(refusalOf(400, vendorErrorOf(value)).message.length).toBeGreaterThan(0);
    }),
  );
});

const importError = (more: object) =>
  importErrorOf({ code: 'invalid', title: 'Invalid input.', detail: 'Invalid email address', ...more });

test.each([
  [
    { source: { pointer: '/data/attributes/email' }, original_payload: { email: 'a@b', id: '01A' } },
    { id: '01A', email: 'a@b', code: 'invalid_email', field: 'email', detail: 'Invalid email address' },
  ],
  [
    {
      source: { pointer: '/data/attributes/profiles/data/3/attributes/phone_number' },
      original_payload: { type: 'profile', id: '01B', attributes: { email: 'c@d.example' } },
    },
    { id: '01B', email: 'c@d.example', code: 'invalid_phone', field: 'phone_number', detail: 'Invalid email address' },
  ],
  [
    { code: 'duplicate_profile', detail: '' },
    { code: 'duplicate_profile', detail: 'Invalid input.' },
  ],
  [
    { original_payload: null, source: null },
    { code: 'klaviyo_rejected', detail: 'Invalid email address' },
  ],
])('G5: an import error says whom it is about and why (%#)', (attributes, expected) => {
  expect(importError(attributes)).toEqual(expected);
});
