import { afterEach, expect, test } from '@jest/globals';
import { makePeople } from '../../sandbox/seed/people.js';
import { activateEngagement, appEventsOf, type Occurrence } from '../helpers/engagement.js';
import { openWorld, settled, until, type World } from '../helpers/service.js';

const worlds: World[] = [];
afterEach(async () => {
  await Promise.all(worlds.splice(0).map((world) => world.close()));
});

const people = makePeople(40, 11);
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
const told = (world: World, events: readonly Occurrence[]): string[] => {
  const portal = world.hubspot.portals.get(world.portalId)!;
  return events
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

/** The run is through, and what Klaviyo lists late is there too. */
async function through(world: World, id: string): Promise<void> {
  await settled(world, id, 60_000);
  const lateIsListed = (): boolean => Date.now() - began > options.klaviyo.lateMs + 500;
  await until('late events to be listed', () => (lateIsListed() ? true : null));
  await world.call('POST', `/connections/${id}/sync`);
  await settled(world, id, 60_000);
}
let began = 0;

/** A world in which all of it has begun. */
async function open(): Promise<{ world: World; id: string }> {
  const world = await openWorld(options);
  worlds.push(world);
  began = Date.now();
  return { world, id: await activateEngagement(world, everything) };
}

/** What stands on timelines where nothing is killed. */
async function calm(): Promise<string[]> {
  const { world, id } = await open();
  await through(world, id);
  return told(world, await appEventsOf(world));
}

/** A world whose service is killed right after a vendor answered, while our own commit is under way, and goes on. */
async function killedAtEachStep(): Promise<{ world: World; id: string }> {
  const { world, id } = await open();
  const calls = (operation: string, at: 'klaviyo' | 'hubspot'): number =>
    world[at].calls.summary().byOperation[operation]?.count ?? 0;
  // Reading, placing, sending, rolling up.
  const moments = [
    ['events.list', 'klaviyo', 2],
    ['associations.batchRead', 'hubspot', 1],
    ['timeline.batchCreate', 'hubspot', 1],
    ['contacts.batchUpdate', 'hubspot', 1],
  ] as const;
  for (const [operation, at, more] of moments) {
    const goal = calls(operation, at) + more;
    await until(`${operation} ${goal}`, () => (calls(operation, at) >= goal ? true : null), 2000).catch(() => null);
    await world.kill('SIGKILL');
    await world.start();
  }
  return { world, id };
}

test('E9, G1: killed -9 at each step from reading to the timeline, every activity is there exactly once', async () => {
  const [expected, { world, id }] = await Promise.all([calm(), killedAtEachStep()]);
  expect(expected.length).toBeGreaterThan(40);
  await through(world, id);
  const events = await appEventsOf(world);
  expect(told(world, events)).toEqual(expected);
  expect(new Set(told(world, events)).size).toBe(events.filter((one) => one.eventTypeName.endsWith('-contact')).length);
}, 180_000);
