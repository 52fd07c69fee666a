import { backlog, connectByKey, connectByOauth, deliveryBound, eventDelay, type Backlog } from './engagement.js';
import { startGround, type Ground } from './database.js';
import { startBackend, startStands, type Backend, type Stands } from './stage.js';

type Row = [figure: string, measured: string, must: string, oneCallEach: string];

/** Stand-ins and service for one figure, gone after it. */
async function staged<T>(
  size: { people: number; events: number; limits: 'on' | 'off'; environment?: Record<string, string> },
  work: (stands: Stands, backend: Backend, ground: Ground) => Promise<T>,
): Promise<T> {
  const stands = await startStands(size.people, size.limits, size.events);
  const ground = await startGround();
  try {
    const backend = await startBackend(stands, size.limits, { ...ground.environment, ...size.environment });
    try {
      return await work(stands, backend, ground);
    } finally {
      await backend.close();
    }
  } finally {
    await ground.close();
    await stands.close();
  }
}

const workOff = (events: number, limits: 'on' | 'off'): Promise<Backlog> =>
  staged(
    { people: Math.min(50_000, Math.max(500, Math.ceil(events / 16))), events, limits },
    async (stands, backend, ground) => backlog(stands, backend, await connectByKey(backend), events, ground),
  );

/** How soon email activity is on timelines. */
export async function delayRows(): Promise<Row[]> {
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
  return [
    ['Klaviyo lists a click → timeline, sweeps alone every 30 s', shown(swept), 'p99 ≤ 60 s', ''],
    ['Klaviyo lists a click → timeline, Klaviyo webhooks', shown(told), 'p99 ≤ 5 s', ''],
  ];
}

/** How fast a backlog of so many events is worked off under real limits, and a smaller one without. */
export async function backlogRows(events: number): Promise<Row[]> {
  const limited = await workOff(events, 'on');
  const bound = deliveryBound(limited);
  const free = await workOff(Math.min(events, 200_000), 'off');
  const perMinute = ({ delivered, seconds }: Backlog): number => (delivered / seconds) * 60;
  const cpuOf = ({ cpuMs: { service, database, stands } }: Backlog): string =>
    `CPU an event ${service.toFixed(3)} ms (database ${database.toFixed(3)}, stand-ins ${stands.toFixed(3)})`;
  return [
    [
      `activities on timelines a minute under real limits, backlog of ${limited.events} events`,
      `${perMinute(limited).toFixed(0)}; ${cpuOf(limited)}`,
      `≥ ${(0.9 * bound.made).toFixed(0)}: 90 % of what the limits let these calls (the fewest calls: ${bound.fewest.toFixed(0)})`,
      `${11 * 60}`,
    ],
    [
      `backlog of ${free.events} events without limits, events/s`,
      `${(free.events / free.seconds).toFixed(0)}; ${cpuOf(free)}`,
      '',
      '',
    ],
    [
      `memory of the service after a third of it, and the most`,
      `${limited.megabytes.third.toFixed(0)} MB, ${limited.megabytes.most.toFixed(0)} MB`,
      'flat',
      '',
    ],
  ];
}
