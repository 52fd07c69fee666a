import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { refusalOf, scopesNamed, statusOf, vendorErrorOf } from '../../../server/vendors/hubspot/errors.js';

const entries = (...list: object[]): string => `Property values were not valid: ${JSON.stringify(list)}`;
const refused = (status: number, body: object) => {
  const { code, message, detail } = refusalOf(status, vendorErrorOf(JSON.stringify({ status: 'error', ...body })));
  return { code, message, ...detail };
};

test.each([
  ['PROPERTY_DOESNT_EXIST', 'field_missing'],
  ['READ_ONLY_VALUE', 'field_read_only'],
  ['INVALID_OPTION', 'option_missing'],
  ['INVALID_EMAIL', 'invalid_email'],
  ['INVALID_NUMBER', 'value_type_mismatch'],
  ['INVALID_LONG', 'value_type_mismatch'],
  ['INVALID_DATE', 'value_type_mismatch'],
  ['INVALID_TIMESTAMP', 'value_type_mismatch'],
  ['LEADING_TRAILING_WHITESPACE', 'value_type_mismatch'],
  ['PROPERTY_VALUE_TOO_LONG', 'value_too_long'],
  ['SOME_RULE_OF_THE_PORTAL', 'hubspot_validation_rule'],
])('D7, D8: HubSpot’s %s is the issue %s and names the property', (error, code) => {
  const entry = { isValid: false, message: 'Why it is not', error, name: 'lead_status' };
  expect(refused(400, { category: 'VALIDATION_ERROR', message: entries(entry) })).toEqual({
    code,
    message: 'Why it is not',
    field: 'lead_status',
    status: 400,
  });
});

test('the entry that is not valid counts, also between others and with brackets in its words', () => {
  const good = { isValid: true, message: '', error: '', name: 'city' };
  const bad = { isValid: false, message: 'x was not one of [a, {b}]', error: 'INVALID_OPTION', name: 'color' };
  expect(refused(400, { message: `${entries(good, bad)} (2)` })).toMatchObject({
    code: 'option_missing',
    field: 'color',
  });
});

test('a property named in the context of an error is found too', () => {
  const body = {
    category: 'VALIDATION_ERROR',
    message: 'Invalid input',
    errors: [{ message: 'no such property', code: 'PROPERTY_DOESNT_EXIST', context: { propertyName: ['shoe_size'] } }],
  };
  expect(refused(400, body)).toEqual({
    code: 'field_missing',
    message: 'no such property',
    field: 'shoe_size',
    status: 400,
  });
});

test.each([
  [409, { category: 'CONFLICT', message: 'Contact already exists. Existing ID: 7151' }, '7151'],
  [409, { message: 'A contact has it. existing id 42' }, '42'],
  [400, { category: 'CONFLICT', message: 'taken', context: { existingId: ['9'] } }, '9'],
  [409, { message: 'Contact already exists.' }, undefined],
])('B4, B6: a taken email says who has it (%p)', (status, body, existingId) => {
  expect(refused(status, body)).toEqual({
    code: 'email_taken_in_hubspot',
    message: 'Another HubSpot contact has this email address.',
    field: 'email',
    status,
    ...(existingId === undefined ? {} : { existingId }),
  });
});

test.each([
  ['<html>Bad gateway</html>', { code: 'hubspot_rejected', message: 'HubSpot answers 400.' }],
  ['', { code: 'hubspot_rejected', message: 'HubSpot answers 400.' }],
  ['{"message":"Invalid input JSON"}', { code: 'hubspot_rejected', message: 'Invalid input JSON' }],
  ['{"message":"Property values were not valid: [{broken"}', { code: 'hubspot_rejected' }],
  ['{"message":7}', { code: 'hubspot_rejected' }],
  ['{"message":"odd","context":"text","errors":{}}', { code: 'hubspot_rejected', message: 'odd' }],
])('G3: an error body that is not as expected (%p) is still an answer', (body, expected) => {
  expect(refusalOf(400, vendorErrorOf(body))).toMatchObject(expected);
});

test('the scopes of a 403 are named', () => {
  const body = {
    category: 'MISSING_SCOPES',
    message: 'This app hasn’t been granted all required scopes to make this call.',
    errors: [
      {
        message: 'One or more of the following scopes are required.',
        context: { requiredGranularScopes: ['crm.lists.read'] },
      },
      { message: 'again', context: { requiredScopes: ['crm.lists.read', 'contacts'] } },
    ],
  };
  expect(scopesNamed(vendorErrorOf(body))).toEqual(['crm.lists.read', 'contacts']);
  expect(scopesNamed(vendorErrorOf('no json'))).toEqual([]);
});

test.each([
  ['CONFLICT', 409],
  ['OBJECT_NOT_FOUND', 404],
  ['VALIDATION_ERROR', 400],
  [undefined, 400],
])('an error of category %p inside a 207 stands for %p', (category, status) => {
  expect(statusOf({ message: '', category, context: undefined })).toBe(status);
});

test('G3: no error body whatever breaks the reading of it', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), fc.integer({ min: 400, max: 422 }), (body, status) => {
      const { message, detail } = refusalOf(status, vendorErrorOf(body));
      expect(message.length).toBeGreaterThan(0);
      expect(message.length).toBeLessThanOrEqual(500);
      expect(detail.status).toBe(status);
    }),
  );
});
