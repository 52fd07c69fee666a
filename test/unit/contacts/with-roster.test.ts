import { expect, test } from '@jest/globals';
import { scanSteps, withRoster, type ScanCursor, type ScanStep } from '../../../server/contacts/pass-of.js';
import type { ContactConnection } from '../../../server/rules/connection.js';

const connection = (more: object, options: object = {}): ContactConnection =>
  ({
    direction: 'two_way',
    rules: {
      hubspotToKlaviyo: [{ source: { all: true }, klaviyoListId: 'L1' }],
      klaviyoToHubspot: [{ source: { all: true } }],
    },
    options: { limit: null, stage: 'all', maxNewRecords: null, ...options },
    ...more,
  }) as ContactConnection;
const pass = (one: ContactConnection, more: Partial<ScanCursor<ScanStep>> = {}): ScanCursor =>
  withRoster(one, { steps: scanSteps(one), index: 0, after: null, version: 1, sinceMs: 0, ...more });
const shape = ({ steps }: ScanCursor): string[] => steps.map(({ side, source }) => `${side} ${source}`);

test('everybody both ways: both sides are read once, then contacts with their partners, then who is left', () => {
  const cursor = pass(connection({}));
  expect(shape(cursor)).toEqual(['both roster', 'hubspot roster', 'klaviyo roster']);
  expect(cursor.roster).toMatchObject({ all: true, lists: { L1: { state: 'begin' } } });
});

test('all contacts one way: profiles are read to look partners up, and nobody of them is worked on', () => {
  const cursor = pass(connection({ direction: 'hubspot_to_klaviyo' }));
  expect(shape(cursor)).toEqual(['both roster', 'hubspot roster']);
  expect(cursor.roster?.all).toBe(false);
});

test('all contacts, and members of a list: the list is read as such', () => {
  const rules = {
    hubspotToKlaviyo: [{ source: { all: true }, klaviyoListId: 'L1' }],
    klaviyoToHubspot: [{ source: { klaviyoListIds: ['L2'] } }],
  };
  const cursor = pass(connection({ rules }));
  expect(shape(cursor)).toEqual(['both roster', 'klaviyo list', 'hubspot roster']);
  expect(cursor.roster?.all).toBe(false);
});

test.each([
  [
    'contacts of lists',
    connection({
      rules: { hubspotToKlaviyo: [{ source: { hubspotListIds: ['7'] }, klaviyoListId: 'L1' }], klaviyoToHubspot: [] },
    }),
    {},
  ],
  ['profiles to contacts', connection({ direction: 'klaviyo_to_hubspot' }), {}],
  ['a stage', connection({}, { stage: 'canary' }), {}],
  ['counted creations', connection({}, { maxNewRecords: 10 }), {}],
  ['chosen people', connection({}), { chooses: 10 }],
])('%s: page by page as before', (_what, one, more) => {
  const cursor = pass(one, more);
  expect(cursor.roster).toBeUndefined();
  expect(cursor.steps).toEqual(scanSteps(one));
});
