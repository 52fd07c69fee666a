import { backlog, connectByKey, connectByOauth, deliveryBound, eventDelay, type Backlog } from './engagement.js';
import { startBackend, startStands, type Backend, type Stands } from './stage.js';

type Row = [figure: string, measured: string, must: string, oneCallEach: string];

/** Stand-ins and service for one figure, gone after it. */
async function staged<T>(
  size: { people: number; events: number; limits: 'on' | 'off'; environment?: Record<string, string> },
  work: (stands: Stands, backend: Backend) => Promise<T>,
): Promise<T> {
  const stands = await startStands(size.people, size.limits, size.events);
  try {
    const backend = await startBackend(stands, size.limits, size.environment);
    try {
      return await work(stands, backend);
    } finally {
      await backend.close();
    }
  } finally {
    await stands.close();
  }
}

const workOff = (events: number, limits: 'on' | 'off'): Promise<Backlog> =>
  staged({ people: Math.min(50_000, Math.max(500, Math.ceil(events / 16))), events, limits }, async (stands, backend) =>
    backlog(stands, backend, await connectByKey(backend), events),
  );

/** The figures of email activity: how soon it is on timelines, how much of it a minute, and a backlog of so many events. */
export async function engagementRows(events: number): Promise<Row[]> {
  const small = { people: 500, events: 0, limits: 'on' } as const;
  const shown = ({ p50, p99 }: { p50: number; p99: number }): string =>
    `p50 ${(p50 / 1000).toFixed(1)} s, p99 ${(p99 / 1000).toFixed(1)} s`;
  const swept = await staged(small, async (stands, backend) =>
    eventDelay(stands, backend, await connectByKey(backend), { samples: 100, overMs: 75_000 }),
  );
  // So rare are the readings here that what is quick came by webhook.
  const told = await staged({ ...small, environment: { POLL_SECONDS: '600' } }, async (stands, backend) =>
    eventDelay(stands, backend, await connectByOauth(backend), { samples: 100, overMs: 30_000 }),
  );
  const limited = await workOff(Math.min(events, 100_000), 'on');
  const bound = deliveryBound(limited);
  const free = await workOff(events, 'off');
  const perMinute = ({ delivered, seconds }: Backlog): number => (delivered / seconds) * 60;
  return [
    ['Klaviyo lists a click → timeline, sweeps alone every 30 s', shown(swept), 'p99 ≤ 60 s', ''],
    ['Klaviyo lists a click → timeline, Klaviyo webhooks', shown(told), 'p99 ≤ 5 s', ''],
    [
      'activities on timelines a minute under real limits',
      perMinute(limited).toFixed(0),
      `≥ ${(0.9 * bound.made).toFixed(0)}: 90 % of what the limits let these calls (the fewest calls: ${bound.fewest.toFixed(0)})`,
      `${11 * 60}`,
    ],
    [
      `backlog of ${free.events} events without limits, events/s`,
      `${(free.events / free.seconds).toFixed(0)}, CPU ${((free.cpuSeconds / free.events) * 1000).toFixed(2)} ms an event`,
      '',
      '',
    ],
    [
      `memory of the service after a third of it, and the most`,
      `${free.megabytes.third.toFixed(0)} MB, ${free.megabytes.most.toFixed(0)} MB`,
      'flat',
      '',
    ],
  ];
}
