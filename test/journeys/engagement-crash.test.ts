import { afterEach, expect, test } from '@jest/globals';
import { makePeople } from '../../sandbox/seed/people.js';
import { activateEngagement, activity, sharedEmails } from '../helpers/engagement.js';
import { openWorld, settled, until, type World } from '../helpers/service.js';

const worlds: World[] = [];
afterEach(async () => {
  await Promise.all(worlds.splice(0).map((world) => world.close()));
});

const people = makePeople(25, 11);
const options = {
  people,
  hubspot: { latencyMs: 25 },
  klaviyo: { latencyMs: 10, lateMs: 1500 },
};
const everything = {
  activities: { delivered: true },
  options: { since: 'last_30_days', rollups: true, createContacts: true },
};

/** What stands on timelines, told so that two worlds can be compared: whose, what, of which email and link. */
const told = (world: World): string[] => {
  const portal = world.hubspot.portals.get(world.portalId)!;
  return [...portal.timeline.values()]
    .filter(({ eventTypeName }) => eventTypeName.endsWith('-contact'))
    .map(({ eventTypeName, objectId, properties }) =>
      [
        portal.contacts.get(objectId)?.properties['email'],
        eventTypeName,
        properties['message'],
        properties['link'] ?? '',
        properties['list'] ?? '',
      ].join(' | '),
    )
    .sort();
};

/** Names what stands on a timeline twice: who sends it again and again never comes to rest, and nobody would know of what. */
function nothingTwice(world: World): void {
  const seen = new Set<string>();
  expect(told(world).filter((one) => seen.size === seen.add(one).size)).toEqual([]);
}

/** The run is through, and what Klaviyo lists late is there too. */
async function through(world: World, id: string): Promise<void> {
  const holds = (): void => nothingTwice(world);
  await settled(world, id, 120_000, holds);
  const lateIsListed = (): boolean => Date.now() - began > options.klaviyo.lateMs + 500;
  await until('late events to be listed', () => (lateIsListed() ? true : null));
  await world.call('POST', `/connections/${id}/sync`);
  await settled(world, id, 120_000, holds);
}
let began = 0;

/** A world in which all of it has begun. */
async function open(): Promise<{ world: World; id: string }> {
  const world = await openWorld(options);
  worlds.push(world);
  began = Date.now();
  return { world, id: await activateEngagement(world, everything) };
}

/**
 * Steps from reading to the timeline. Each ends in a transaction: `commit` is the statement in it that comes after a vendor
 * answered, and what it waits for while `held` is held. What `slow` answers late gives time to hold it.
 */
const steps = [
  { step: 'reading what is new', held: 'lock table event_stream in share mode', commit: 'update event_stream' },
  { step: 'reading the past', held: 'lock table run in share mode', commit: 'update run' },
  // The contacts that this batch created are in HubSpot, and we know nothing of them.
  { step: 'deciding', held: 'lock table app_event_due in share mode', commit: 'insert into app_event_due' },
  {
    step: 'delivering',
    held: 'select from app_event_due for update',
    commit: 'delete from app_event_due',
    slow: 'timeline.batchCreate',
  },
  {
    step: 'rolling up',
    held: 'select from rollup where due_at <= clock_timestamp() for update',
    commit: 'update rollup',
    slow: 'contacts.batchUpdate',
  },
] as const;
type Step = (typeof steps)[number];

/** Somebody does something new, or the past is read again, so that there is work for a step. */
async function happen(world: World, id: string, { step }: Step, n: number): Promise<void> {
  if (step === 'reading the past') return void (await world.call('POST', `/connections/${id}/sync`));
  const email = sharedEmails(world)[n % 20]!;
  await activity(world, { email, type: 'clicked', url: `https://shop.example.com/step/${n}`, lagMs: 0 });
}

/** What stands on timelines where nothing is killed. */
async function calm(): Promise<string[]> {
  const { world, id } = await open();
  await through(world, id);
  return told(world);
}

/**
 * Kills the service between a vendor's answer and our commit: its transaction waits for what is held here. Held first, and
 * then something happens: whatever the pace, the step runs into it. Answers how often something happened.
 */
async function killAt(world: World, id: string, step: Step, from: number): Promise<number> {
  const { db } = world.database;
  const { held, commit } = step;
  const waits = async (): Promise<true | null> => {
    const rows = await db.query(
      `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query ilike '%' || $1 || '%'`,
      [commit],
    );
    return rows.length > 0 ? true : null;
  };
  const within = (what: string, ask: () => Promise<true | null>): Promise<true | null> =>
    until(what, ask, 10_000).catch(() => null);
  let n = from;
  await until(
    `the service to be killed while ${step.step}`,
    () =>
      db.transaction(async (tx) => {
        const hold = async (): Promise<true | null> => {
          const rows = await tx.query(held);
          return held.startsWith('lock') || rows.length > 0 ? true : null;
        };
        nothingTwice(world);
        if (held.startsWith('lock')) await hold();
        if ('slow' in step) world.hubspot.faults.add({ kind: 'slow', delayMs: 2000, operation: step.slow, times: 1 });
        await happen(world, id, step, n);
        n += 1;
        // Another statement may have run into what is held first: let go and try again.
        if ((await within('it to be held', hold)) === null || (await within(step.step, waits)) === null) return null;
        await world.kill('SIGKILL');
        return true;
      }),
    120_000,
  );
  // What the dead process held runs out by itself; that is waited for in crash.test.ts.
  await db.query(`update lease set until = 'epoch'`);
  world.hubspot.faults.clear();
  await world.start();
  return n;
}

/** A world whose service is killed at each step, after the vendor answered and before our commit, and goes on. */
async function killedAtEachStep(): Promise<{ world: World; id: string }> {
  const { world, id } = await open();
  let n = 0;
  for (const step of steps) n = await killAt(world, id, step, n);
  return { world, id };
}

test('E9, G1: killed -9 at each step between a vendor’s answer and our commit, every activity is there exactly once', async () => {
  const [expected, { world, id }] = await Promise.all([calm(), killedAtEachStep()]);
  expect(expected.length).toBeGreaterThan(20);
  await through(world, id);
  const standing = told(world);
  expect(standing.filter((one) => !one.includes('/step/'))).toEqual(expected);
  nothingTwice(world);
  // Counted once as well, and each person who was no contact is one now.
  const { json } = await world.call('GET', `/connections/${id}/status`);
  expect((json as { counts: { engagements: number } }).counts.engagements).toBe(standing.length);
  const emails = [...world.hubspot.portals.get(world.portalId)!.contacts.values()].flatMap(
    ({ properties }) => properties['email']?.toLowerCase() ?? [],
  );
  expect(new Set(emails).size).toBe(emails.length);
}, 300_000);
