import { expect, test } from '@jest/globals';
import { baseAfterOwnWrites, type OwnWrite } from '../../../server/rules/own-write.js';
import { reconcile } from '../../../server/rules/reconcile.js';

const write = (side: OwnWrite['side'], value: OwnWrite['value'], key = 'company'): OwnWrite => ({
  id: '1',
  side,
  key,
  value,
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
