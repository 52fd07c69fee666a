import type { Ground } from './database.js';
import { draftEverybody } from './draft-everybody.js';
import { fewestCalls, type Carried } from './floor.js';
import { pause, type Backend, type Calls, type Cost, type Stands } from './stage.js';

export interface FirstSync {
  connectionId: string;
  people: number;
  seconds: number;
  calls: { hubspot: Calls; klaviyo: Calls };
  carried: Carried;
  floor: { hubspot: number; klaviyo: number };
  /** CPU milliseconds a person; of the database where it is not the service's own. */
  cpuMs: { service: number; database: number; stands: number };
  megabytes: number;
}

interface RunView {
  state: string;
  counts: Record<string, number>;
}

/** Connects everybody with everybody and waits until the first pass is through. */
export async function firstSync(
  stands: Stands,
  backend: Backend,
  people: number,
  direction: 'two_way' | 'hubspot_to_klaviyo' = 'two_way',
  ground?: Ground,
): Promise<FirstSync> {
  const id = await draftEverybody(backend.call, { direction });
  const sizes = await sizesOf(stands);
  await stands.calls();
  const costs = async (): Promise<[Cost, number, Cost]> => [
    await backend.cost(),
    (await ground?.cpuSeconds()) ?? NaN,
    await stands.cost(),
  ];
  const before = await costs();
  const started = performance.now();
  await backend.call('POST', `/connections/${id}/activate`);
  for (;;) {
    const status = await backend.call<{ state: string; run: { state: string } | null }>(
      'GET',
      `/connections/${id}/status`,
    );
    if (status.state === 'active' && status.run?.state === 'finished') break;
    await pause(250);
  }
  const seconds = (performance.now() - started) / 1000;
  const after = await costs();
  const [calls, runs] = await Promise.all([
    stands.calls(),
    backend.call<{ results: RunView[] }>('GET', `/connections/${id}/runs`),
  ]);
  const count = (name: string): number => runs.results.reduce((sum, run) => sum + (run.counts[name] ?? 0), 0);
  const carried: Carried = {
    contacts: sizes.contacts,
    // One way, too, each contact's partner is read: what it holds tells what to write, and what an undo brings back.
    profiles: direction === 'two_way' ? sizes.profiles : Math.min(sizes.profiles, sizes.contacts),
    createdInHubspot: count('createdInHubspot'),
    updatedInHubspot: count('updatedInHubspot'),
    createdInKlaviyo: count('createdInKlaviyo'),
    updatedInKlaviyo: count('updatedInKlaviyo'),
    joinedList: count('people'),
  };
  return {
    connectionId: id,
    people,
    seconds,
    calls,
    carried,
    floor: fewestCalls(carried),
    cpuMs: {
      service: ((after[0].cpuSeconds - before[0].cpuSeconds) / people) * 1000,
      database: ((after[1] - before[1]) / people) * 1000,
      stands: ((after[2].cpuSeconds - before[2].cpuSeconds) / people) * 1000,
    },
    megabytes: after[0].megabytes,
  };
}

async function sizesOf({ hubspot, klaviyo }: Stands): Promise<{ contacts: number; profiles: number }> {
  const [portals, accounts] = (await Promise.all(
    [`${hubspot.url}/_sandbox/portals`, `${klaviyo.url}/_sandbox/accounts`].map(async (url) =>
      (await fetch(url)).json(),
    ),
  )) as [{ portals: { contacts: number }[] }, { accounts: { profiles: number }[] }];
  return { contacts: portals.portals[0]?.contacts ?? 0, profiles: accounts.accounts[0]?.profiles ?? 0 };
}
