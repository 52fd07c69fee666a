import type { Ground } from './database.js';
import { steadyCalls } from './floor.js';
import { pause, percentile, type Backend, type Calls, type Stands } from './stage.js';

interface Status {
  state: string;
  counts: { waiting: number };
  run: { state: string } | null;
}

interface Arrivals {
  /** Activities on all timelines. */
  size: number;
  arrivals: { link: string; at: number }[];
  /** Addresses of people who are in both, and how many there are. */
  people: string[];
  inBoth: number;
}

/** Connects the first Klaviyo account with a private key. Answers its id. */
export const connectByKey = async (backend: Backend): Promise<string> =>
  (await backend.call<{ id: string }>('POST', '/klaviyo-accounts', { apiKey: 'pk_sandbox_TANDM1' })).id;

/** Connects it by OAuth, as a browser would: only then may it have webhooks. Answers its id. */
export async function connectByOauth(backend: Backend): Promise<string> {
  const link = await backend.call<{ url: string }>('POST', '/klaviyo-accounts/oauth-link');
  const begun = await fetch(link.url, { redirect: 'manual' });
  const cookie = (begun.headers.getSetCookie()[0] ?? '').split(';')[0] ?? '';
  const consent = new URL(begun.headers.get('location') ?? '');
  const approved = await fetch(`${consent.origin}/oauth/authorize/approve`, {
    method: 'POST',
    redirect: 'manual',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ ...Object.fromEntries(consent.searchParams), account: 'TANDM1' }).toString(),
  });
  await (await fetch(approved.headers.get('location') ?? '', { headers: { cookie } })).arrayBuffer();
  const { klaviyoAccounts } = await backend.call<{ klaviyoAccounts: { id: string }[] }>('GET', '/account');
  const [first] = klaviyoAccounts;
  if (first === undefined) throw new Error('Klaviyo was not connected.');
  return first.id;
}

/** Milliseconds from Klaviyo listing a click to the contact's timeline, of clicks that are spread over a while. */
export async function eventDelay(
  stands: Stands,
  backend: Backend,
  klaviyoAccountId: string,
  { samples, overMs }: { samples: number; overMs: number },
): Promise<{ samples: number; p50: number; p99: number }> {
  const { people } = await arrivalsOf(stands);
  const happen = async (email: string, link: string): Promise<void> => {
    const body = JSON.stringify({ email, type: 'clicked', url: link });
    const answer = await fetch(`${stands.klaviyo.url}/_sandbox/accounts/TANDM1/activity`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    if (answer.status !== 204) throw new Error(await answer.text());
  };
  // A metric comes to be with its first event, and a webhook with the metric.
  await happen(people.at(-1) ?? '', 'https://shop.example.com/first');
  await activate(backend, klaviyoAccountId, 'activation');
  await pause(2000);
  const listed = new Map<string, number>();
  for (const [index, email] of people.slice(0, samples).entries()) {
    const link = `https://shop.example.com/arrival/${index}`;
    listed.set(link, Date.now());
    await happen(email, link);
    await pause(overMs / samples);
  }
  let came: Arrivals['arrivals'] = [];
  for (const deadline = Date.now() + 90_000; came.length < listed.size && Date.now() < deadline;) {
    await pause(250);
    came = (await arrivalsOf(stands)).arrivals;
  }
  const delays = came.map(({ link, at }) => at - (listed.get(link) ?? NaN));
  if (delays.length !== listed.size) throw new Error(`${listed.size - delays.length} clicks are on no timeline.`);
  return { samples: delays.length, p50: percentile(delays, 0.5), p99: percentile(delays, 0.99) };
}

export interface Backlog {
  events: number;
  /** Activities that were put on timelines, and of how many people. */
  delivered: number;
  people: number;
  seconds: number;
  calls: { hubspot: Calls; klaviyo: Calls };
  /** CPU milliseconds an event. */
  cpuMs: { service: number; database: number; stands: number };
  /** Resident memory when a third was through, and the most there was. */
  megabytes: { third: number; most: number };
}

/** Works off the events of the last 30 days. */
export async function backlog(
  stands: Stands,
  backend: Backend,
  klaviyoAccountId: string,
  events: number,
  ground: Ground,
): Promise<Backlog> {
  await stands.calls();
  const spent = async (): Promise<[number, number, number]> => [
    (await backend.cost()).cpuSeconds,
    await ground.cpuSeconds(),
    (await stands.cost()).cpuSeconds,
  ];
  const before = await spent();
  const started = performance.now();
  const id = await activate(backend, klaviyoAccountId, 'last_30_days');
  let third = NaN;
  for (;;) {
    const { state, counts, run } = await backend.call<Status>('GET', `/connections/${id}/status`);
    const { size } = await arrivalsOf(stands);
    if (Number.isNaN(third) && size > (events * 2) / 5 / 3) third = (await backend.cost()).megabytes;
    if (state === 'active' && run?.state === 'finished' && counts.waiting === 0) break;
    // Not more often: what waits is counted for each answer.
    await pause(1000);
  }
  const seconds = (performance.now() - started) / 1000;
  const after = await spent();
  const each = (index: 0 | 1 | 2): number => ((after[index] - before[index]) / events) * 1000;
  const [{ megabytes }, calls, { size, inBoth }] = await Promise.all([
    backend.cost(),
    stands.calls(),
    arrivalsOf(stands),
  ]);
  return {
    events,
    delivered: size,
    people: Math.min(inBoth, Math.ceil(events / 5)),
    seconds,
    calls,
    cpuMs: { service: each(0), database: each(1), stands: each(2) },
    megabytes: { third, most: megabytes },
  };
}

/** Reading events: 3,500 calls a minute (tier XL), of at most a thousand events of one metric each. */
const klaviyoEventCalls = 3500 / 60;

/** Activities a minute that the vendors' limits would let through: with the calls that were made, and with the fewest. */
export function deliveryBound({ delivered, people, calls, events }: Backlog): { made: number; fewest: number } {
  const reads = calls.klaviyo.byOperation['events.list']?.count ?? 0;
  const made = Math.max(calls.hubspot.total / steadyCalls.hubspot, reads / klaviyoEventCalls);
  // 500 activities a call; contacts by their email 100 a call, their companies and deals 1,000 a call, 100 deals a call.
  const hubspot = delivered / 500 + people / 100 + (2 * people) / 1000 + people / 100;
  const fewest = Math.max(hubspot / steadyCalls.hubspot, events / 1000 / klaviyoEventCalls);
  return { made: (delivered / made) * 60, fewest: (delivered / fewest) * 60 };
}

async function activate(backend: Backend, klaviyoAccountId: string, since: string): Promise<string> {
  const { id } = await backend.call<{ id: string }>('POST', '/connections', {
    type: 'engagement',
    klaviyoAccountId,
    options: { since },
  });
  await backend.call('POST', `/connections/${id}/activate`);
  return id;
}

const arrivalsOf = async ({ hubspot }: Stands): Promise<Arrivals> =>
  (await (await fetch(`${hubspot.url}/_sandbox/arrivals`)).json()) as Arrivals;
