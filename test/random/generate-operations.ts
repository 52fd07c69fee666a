import { seededRandom } from '../../sandbox/core/random.js';
import type { Fault } from '../../sandbox/core/faults.js';
import { randomFields } from './fields.js';
import { isOutsider, peopleInAll, type Operation, type Scenario, type Side, type Values } from './operations.js';

const faults: readonly Fault[] = [
  { kind: 'status', status: 503, times: 2 },
  { kind: 'status', status: 500, probability: 0.3, times: 2 },
  { kind: 'status', status: 429, retryAfter: 1, times: 2 },
  { kind: 'status', status: 429, retryAfter: null, times: 1 },
  { kind: 'reset', times: 2 },
  { kind: 'lost_answer', times: 1 },
  { kind: 'half_answer', times: 1 },
  { kind: 'slow', delayMs: 400, times: 3 },
];
/** Faults of single operations: beginnings of the names that the stand-ins give them. */
const pointed: Record<Side, readonly string[]> = {
  hubspot: ['contacts.batchCreate', 'contacts.batchUpdate', 'contacts.batchRead', 'contacts.search'],
  klaviyo: ['profiles.', 'imports.', 'lists.', 'subscriptions.'],
};

/**
 * The operations of a seed. `weights` of rare things are small: most of a day is edits. Nothing of what it makes depends
 * on how the world answers, so the same seed is the same list.
 */
export function generateOperations(seed: number, count: number, scenario: Scenario): Operation[] {
  const random = seededRandom(seed);
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)] as Item;
  const chance = (share: number): boolean => random() < share;
  const someone = (): number => Math.floor(random() * peopleInAll);
  const side = (): Side => (chance(0.5) ? 'hubspot' : 'klaviyo');
  const values = (of: Side): Values =>
    Object.fromEntries(
      Array.from({ length: 1 + Math.floor(random() * 3) }, () => {
        const field = pick(randomFields);
        return [field.property, pick<unknown>(of === 'hubspot' ? field.hubspotValues : field.klaviyoValues)];
      }),
    );
  const insider = (): number => {
    const who = someone();
    return isOutsider(scenario, who) ? who - 1 : who;
  };
  let serial = 0;
  const makers: readonly [number, () => Operation][] = [
    [34, () => (chance(0.5) ? edit('hubspot') : edit('klaviyo'))],
    [10, () => ({ kind: 'edit_both', who: someone(), hubspot: values('hubspot'), klaviyo: values('klaviyo') })],
    [
      8,
      () => ({
        kind: 'create',
        side: pick(['hubspot', 'klaviyo', 'both'] as const),
        who: someone(),
        hubspot: values('hubspot'),
        klaviyo: values('klaviyo'),
      }),
    ],
    [2, () => ({ kind: 'delete', side: side(), who: insider() })],
    [5, () => ({ kind: 'email', side: side(), who: insider(), to: `moved${(serial += 1)}@example.org` })],
    [2, () => ({ kind: 'email_taken', side: side(), who: insider(), from: insider() })],
    [2, () => ({ kind: 'merge', side: side(), who: insider(), other: insider() })],
    [scenario === 'lists' ? 14 : 4, () => membership()],
    [3, () => ({ kind: 'opt_out', side: side(), who: insider() })],
    [1.5, () => ({ kind: 'suppress', who: insider(), how: pick(['staff', 'bounce', 'spam'] as const) })],
    [0.4, () => ({ kind: 'pause', forMs: 200 + Math.floor(random() * 800) })],
    [0.5, () => remap()],
    [2, () => ({ kind: 'ask', what: chance(0.1) ? 'everybody' : someone() })],
    [3, () => fault()],
    [1, () => ({ kind: 'webhooks', drop: pick([0, 0, 0.3, 1]), duplicates: pick([0, 0.5, 1]), shuffle: chance(0.5) })],
    [0.12, () => ({ kind: 'crash', signal: chance(0.7) ? 'SIGKILL' : 'SIGTERM', downMs: Math.floor(random() * 1500) })],
    [
      0.12,
      () => ({
        kind: 'another',
        forMs: 500 + Math.floor(random() * 4000),
        signal: chance(0.5) ? 'SIGKILL' : 'SIGTERM',
      }),
    ],
    [0.06, () => ({ kind: 'reinstall', afterMs: Math.floor(random() * 1500) })],
    [5, () => ({ kind: 'wait', ms: chance(0.15) ? 1200 : Math.floor(random() * 120) })],
  ];
  const edit = (of: Side): Operation => ({ kind: 'edit', side: of, who: someone(), values: values(of) });
  const membership = (): Operation => {
    const of = side();
    const list = of === 'hubspot' ? '41' : pick(['VipLst', 'CstHub']);
    return { kind: 'list', side: of, who: insider(), list, join: chance(0.6) };
  };
  const remap = (): Operation => ({
    kind: 'remap',
    property: pick(['firstname', 'company', 'jobtitle', 'state']),
    direction: pick(['both', 'to_klaviyo', 'to_hubspot'] as const),
    winner: pick(['hubspot', 'klaviyo', null] as const),
  });
  const fault = (): Operation => {
    const of = side();
    const where = chance(0.5) ? { operation: pick(pointed[of]) } : {};
    // Only HubSpot's tokens come to an end, and only its batches succeed in part.
    if (of === 'hubspot' && chance(0.25))
      return { kind: 'fault', side: of, fault: { kind: pick(['expired_token', 'partial_batch'] as const), times: 1 } };
    return { kind: 'fault', side: of, fault: { ...pick(faults), ...where } };
  };
  const total = makers.reduce((sum, [weight]) => sum + weight, 0);
  return Array.from({ length: count }, () => {
    let left = random() * total;
    const [, make] = makers.find(([weight]) => (left -= weight) < 0) ?? makers[0]!;
    return make();
  });
}
