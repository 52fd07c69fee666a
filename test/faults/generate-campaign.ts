import type { Fault } from '../../sandbox/core/faults.js';
import { seededRandom } from '../../sandbox/core/random.js';
import { namedSteps, peopleInAll, seededPeople, type Shape, type Side, type Step } from './steps.js';

/** How rough a campaign is: the short form leaves out what takes half a minute each. */
export interface Roughness {
  shape: Shape;
  /** Whether there may be freezes past a lease, answers slower than the vendor timeout, withdrawn tokens and crashes of the database. */
  slowThings: boolean;
}

const vendorFaults: readonly Fault[] = [
  { kind: 'status', status: 500, times: 2 },
  { kind: 'status', status: 502, times: 1 },
  { kind: 'status', status: 503, times: 3 },
  { kind: 'status', status: 429, retryAfter: 1, times: 2 },
  { kind: 'status', status: 429, retryAfter: null, times: 1 },
  { kind: 'reset', times: 2 },
  { kind: 'half_answer', times: 1 },
  { kind: 'lost_answer', times: 1 },
  { kind: 'slow', delayMs: 700, times: 3 },
];
/** Longer than the service waits for any answer. */
export const pastTimeoutMs = 31_000;

/** Steps of rough weather, and of weather in which work gets done; kills come in both. */
const [roughSteps, fairSteps] = [50, 90] as const;

/**
 * The endless steps of a seed: everything goes wrong at once for a while, then vendors and webhooks are themselves again
 * for a while. Without relief the service would mostly wait, and nothing would be there to be interrupted.
 */
export function* generateCampaign(seed: number, { shape, slowThings }: Roughness): Generator<Step> {
  const random = seededRandom(seed);
  const below = (limit: number): number => Math.floor(random() * limit);
  const pick = <Item>(items: readonly Item[]): Item => items[below(items.length)] as Item;
  const side = (): Side => pick(['hubspot', 'klaviyo'] as const);
  let mark = 0;
  const vendor = (): Step => {
    const [at, operation] = pick(namedSteps);
    const fault = pick(vendorFaults);
    return random() < 0.6
      ? { kind: 'vendor', side: at, fault: { ...fault, operation } }
      : { kind: 'vendor', side: side(), fault };
  };
  type Maker = readonly [weight: number, make: () => Step];
  const people: Maker[] = [
    [34, () => ({ kind: 'edit', side: side(), who: below(peopleInAll), mark: (mark += 1) })],
    [6, () => ({ kind: 'create', side: pick(['hubspot', 'klaviyo', 'both']), who: newcomer(), mark: (mark += 1) })],
    [9, () => click(60_000, 800)],
    [1.5, () => click(3 * 24 * 3_600_000, 2500)],
    [2, () => ({ kind: 'opt_out', side: side(), who: below(seededPeople) })],
    [3, () => ({ kind: 'phone', who: below(peopleInAll), right: random() < 0.6, mark: (mark += 1) })],
    [1.5, () => ({ kind: 'ask', what: pick(['contacts', 'activity']) })],
    [9, () => ({ kind: 'wait', ms: below(350) })],
  ];
  const kills: Maker[] = [
    [0.8, () => ({ kind: 'kill', process: below(3), signal: pick(signals), downMs: below(800) })],
    [4, () => killAt()],
  ];
  const troubles: Maker[] = [
    [12, vendor],
    [2, () => ({ kind: 'vendor', side: 'hubspot', fault: { kind: 'partial_batch', operation: 'contacts.batch' } })],
    [
      3,
      () => ({
        kind: 'webhooks',
        side: side(),
        drop: pick([0, 0, 0.3, 1]),
        duplicates: pick([0, 0.5, 1]),
        shuffle: random() < 0.5,
        delayMs: pick([20, 200, 1500]),
      }),
    ],
    [1.5, () => ({ kind: 'tokens', side: side(), how: 'expired', forMs: 0 })],
    [1, () => ({ kind: 'database', how: 'connections_cut', forMs: 0 })],
    [0.4, () => ({ kind: 'database', how: 'restart', forMs: 200 + below(1500) })],
  ];
  const signals = ['SIGKILL', 'SIGKILL', 'SIGTERM'] as const;
  const newcomer = (): number => seededPeople + below(peopleInAll - seededPeople);
  const click = (agoMs: number, lagMs: number): Step => ({
    kind: 'click',
    who: below(seededPeople),
    mark: (mark += 1),
    agoMs: below(agoMs),
    lagMs: below(lagMs),
  });
  const killAt = (): Step => {
    const [at, operation] = pick(namedSteps);
    // Some before the answer arrives, some while what it says is written down.
    return { kind: 'kill_at', side: at, operation, afterMs: pick([0, 0, 1, 3, 8, 20]), downMs: below(600) };
  };
  if (slowThings) {
    troubles.push(
      [0.5, () => ({ kind: 'tokens', side: side(), how: 'revoked', forMs: 500 + below(3000) })],
      [0.4, () => ({ kind: 'vendor', side: side(), fault: { kind: 'slow', delayMs: pastTimeoutMs } })],
      // While the only process is frozen nothing happens that could go wrong.
      [shape === 'three' ? 0.4 : 0.1, () => ({ kind: 'freeze', process: below(3), forMs: 4000 + below(14_000) })],
      [0.3, () => ({ kind: 'database', how: 'crash', forMs: 0 })],
    );
  }
  const draw = (makers: readonly Maker[]): Step => {
    let left = random() * makers.reduce((sum, [weight]) => sum + weight, 0);
    const [, make] = makers.find(([weight]) => (left -= weight) < 0) ?? makers[0]!;
    return make();
  };
  for (;;) {
    for (let n = 0; n < roughSteps; n += 1) yield draw([...people, ...kills, ...troubles]);
    yield { kind: 'relief', afterMs: slowThings ? 4000 : 0 };
    for (let n = 0; n < fairSteps; n += 1) yield draw([...people, ...kills]);
  }
}
