import { expect, test } from '@jest/globals';
import { baseAfterOwnWrites, ownWritesOfPair, type OwnWrite } from '../../../server/rules/own-write.js';
import { reconcile } from '../../../server/rules/reconcile.js';

const write = (side: OwnWrite['side'], value: OwnWrite['value'], key = 'company'): OwnWrite => ({
  id: '1',
  side,
  key,
  value,
  source: null,
});
const both = { direction: 'both', winner: 'hubspot', emptyToo: true } as const;

test('D4, G1: what we may have written ourselves is no edit: the other side’s later edit goes across', () => {
  const present = { hubspot: 'one', klaviyo: 'two' };
  // "one" went from Klaviyo to HubSpot, and the answer was lost; then somebody wrote "two" in Klaviyo.
  const base = baseAfterOwnWrites('old', present, 'company', [write('hubspot', 'one')]);
  expect(reconcile({ ...present, base }, both)).toMatchObject({ action: 'write', to: 'hubspot', value: 'two' });
  // Without that knowledge the winner would put the old value back.
  expect(reconcile({ ...present, base: 'old' }, both)).toMatchObject({ to: 'klaviyo', value: 'one' });
});

test('D4: a write that never arrived, one of another field and one to the other side say nothing', () => {
  const present = { hubspot: 'edited', klaviyo: 'two' };
  expect(baseAfterOwnWrites('old', present, 'company', [])).toBe('old');
  expect(baseAfterOwnWrites('old', present, 'company', [write('hubspot', 'one')])).toBe('old');
  expect(baseAfterOwnWrites('old', present, 'company', [write('hubspot', 'edited', 'city')])).toBe('old');
  expect(baseAfterOwnWrites('old', present, 'company', [write('klaviyo', 'edited')])).toBe('old');
  expect(baseAfterOwnWrites(undefined, present, 'company', [write('hubspot', 'one')])).toBeUndefined();
});

test('D4: of several writes the last one that stands counts, lists and emptied fields too', () => {
  const writes = [write('hubspot', 'one'), write('hubspot', null), write('klaviyo', ['a', 'b'])];
  expect(baseAfterOwnWrites('old', { hubspot: null, klaviyo: 'x' }, 'company', writes)).toBeNull();
  expect(baseAfterOwnWrites('old', { hubspot: 'one', klaviyo: ['a', 'b'] }, 'company', writes)).toEqual(['a', 'b']);
});

test('D4, B7: a write counts for the pair whose value it was, merges included, and for no other partner', () => {
  const from = (side: OwnWrite['side'], source: string | null): OwnWrite => ({ ...write(side, 'one'), source });
  const hubspot = { id: '5', properties: { hs_merged_object_ids: '3; 4' }, createdAt: '' };
  const klaviyo = { id: 'P1', email: null, attributes: {}, properties: {}, created: '', updated: '' };
  const link = { id: '1', hubspotId: '5', klaviyoId: 'P0', email: 'a@example.org', base: {} };
  const counted = (pair: Partial<Parameters<typeof ownWritesOfPair>[0]>, ...ownWrites: OwnWrite[]): (string | null)[] =>
    ownWritesOfPair({ hubspot, klaviyo, link: null, ...pair, ownWrites }).map(({ source }) => source);
  const toKlaviyo = ['5', '4', '9', null].map((id) => from('klaviyo', id));
  expect(counted({}, ...toKlaviyo)).toEqual(['5', '4']);
  const toHubspot = ['P1', 'P0', '5'].map((id) => from('hubspot', id));
  expect(counted({}, ...toHubspot)).toEqual(['P1']);
  expect(counted({ link }, ...toHubspot)).toEqual(['P1', 'P0']);
  // Nobody agreed on anything with a record that is still to be created.
  expect([counted({ hubspot: null }, ...toKlaviyo), counted({ klaviyo: null }, ...toHubspot)]).toEqual([[], []]);
});
