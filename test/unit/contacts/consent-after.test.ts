import { expect, test } from '@jest/globals';
import type { Applied } from '../../../server/contacts/apply.js';
import { consentAfter } from '../../../server/contacts/consent-after.js';
import { noMemory, type ConsentMemory } from '../../../server/rules/consent.js';

const carried: ConsentMemory = { ...noMemory, optedOut: ['hubspot', 'klaviyo'] };
/** A person whose opt-out was to go to Klaviyo, and what became of it. */
const after = (link: object | null, outcome: 'done' | 'unknown'): unknown => {
  const plan = {
    email: 'ada@example.org',
    connectionIds: ['c'],
    consent: { ...noMemory, optedOut: ['hubspot'] },
    optOuts: [{ side: 'klaviyo', connectionId: 'c', because: 'opted_out_in_hubspot', evidence: '' }],
    subscribe: null,
    person: { link, consent: carried },
  };
  const person = {
    plan,
    consent: { hubspot: 'nothing', klaviyo: outcome, subscribe: 'nothing' },
  } as unknown as Applied;
  const [memory] = consentAfter(person, new Date(0));
  return memory === undefined ? 'as before' : [...memory.optedOut].sort();
};

// Found by `npm run test:random -- --seed 511`: a profile that was deleted and made anew, and a lost answer.
test('C6: an opt-out whose write to a pair that has just come to be is not known to have arrived is tried again', () => {
  expect(after(null, 'unknown')).toEqual([]);
  expect(after({ id: '1' }, 'unknown')).toBe('as before');
  expect(after(null, 'done')).toBe('as before');
});
