import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { apiAnswers } from './api-answers.js';
import { churn } from './churn.js';
import { startGround } from './database.js';
import { backlogRows, delayRows } from './engagement-rows.js';
import { firstSync, type FirstSync } from './first-sync.js';
import { fewestListings, fewestReads, steadyCalls } from './floor.js';
import { hintDelay } from './hints.js';
import { idlePortals } from './idle-portals.js';
import { intakeRow } from './intake.js';
import { largeSync } from './large-sync.js';
import { oneByOne } from './one-by-one.js';
import { startBackend, startStands, type Calls, type Stands } from './stage.js';
import { untilQuiet } from './until-quiet.js';
import { workerProcesses } from './worker-processes.js';

/**
 * Measures what a sync costs, beside what it must cost at least and beside an integration that carries one record a call,
 * in one run. The stand-ins are a process of their own. `--only` names parts: sync, one-way, limits, churn, hints, intake, engagement;
 * `--limited-people` may name several sizes. By name only: backlog (of engagement, that part alone), idle (portals in rest), api (cards and settings page), large (memory and time by tenths),
 * workers (several portals by one, two and four worker processes).
 */
const { values } = parseArgs({
  options: {
    people: { type: 'string', default: '10000' },
    'limited-people': { type: 'string', default: '4000' },
    backlog: { type: 'string', default: process.env['TANDEM_BACKLOG'] ?? '100000' },
    'idle-portals': { type: 'string', default: '2000' },
    'idle-seconds': { type: 'string', default: '120' },
    activities: { type: 'string', default: '1000000' },
    links: { type: 'string', default: '200000' },
    large: { type: 'string', default: '100000' },
    'worker-portals': { type: 'string', default: '8' },
    'worker-people': { type: 'string', default: '2500' },
    only: { type: 'string', default: 'sync,one-way,limits,churn,hints,intake,engagement' },
  },
});
const parts = new Set(values.only.split(','));
type Row = [figure: string, measured: string, must: string, oneCallEach: string];
const rows: Row[] = [];
/** Takes figures into the table; each is said at once too, for the whole takes long. */
const report = (...more: Row[]): void => {
  rows.push(...more);
  for (const row of more) process.stderr.write(`${row.join(' | ')}\n`);
};
const perThousand = (calls: number, people: number): string => ((calls / people) * 1000).toFixed(1);
/** How many calls of which operation. */
const named = ({ byOperation }: Calls): string =>
  Object.entries(byOperation)
    .map(([name, { count }]) => `${count} ${name}`)
    .join(', ');
const times = (one: number, other: number): string => `${(one / other).toFixed(2)} ×`;

if (parts.has('sync')) {
  const people = Number(values.people);
  const stands = await startStands(people, 'off');
  const fresh = await startStands(people, 'off');
  const ground = await startGround();
  const backend = await startBackend(stands, 'off', ground.environment);
  try {
    const sync = await firstSync(stands, backend, people, 'two_way', ground);
    for (const side of ['hubspot', 'klaviyo'] as const)
      process.stderr.write(`${side}, first sync: ${named(sync.calls[side])}; the fewest: ${sync.floor[side]}\n`);
    process.stderr.write(`${JSON.stringify(sync.carried)}\n`);
    const swept = await sweptRows(stands, sync);
    const baseline = await oneByOne(fresh, Math.min(people, 2000));
    const each = perThousand(baseline.calls.hubspot.total + baseline.calls.klaviyo.total, baseline.people);
    reportCalls(sync, each);
    report(...swept);
    report(
      [
        'first two-way sync without limits, people/s',
        (people / sync.seconds).toFixed(0),
        '≥ 2,500',
        (baseline.people / baseline.seconds).toFixed(0),
      ],
      [
        'CPU of the service a person',
        `${sync.cpuMs.service.toFixed(2)} ms (database ${sync.cpuMs.database.toFixed(2)}, stand-ins ${sync.cpuMs.stands.toFixed(2)})`,
        '≤ 0.4 ms',
        '',
      ],
      [`memory of the service, ${people} people`, `${sync.megabytes.toFixed(0)} MB`, '≤ 350 MB', ''],
    );
    if (parts.has('churn')) {
      const edits = Math.round(people / 200);
      const day = await churn(stands, edits);
      const of = (side: 'hubspot' | 'klaviyo'): string => times(day.calls[side].total, day.floor[side]);
      for (const side of ['hubspot', 'klaviyo'] as const)
        process.stderr.write(`${side}: ${named(day.calls[side])}; without any change: ${named(day.quiet[side])}\n`);
      report([
        `calls in a minute with ${day.changed} changed records (1 %), HubSpot + Klaviyo`,
        `${day.calls.hubspot.total} + ${day.calls.klaviyo.total} (${of('hubspot')}, ${of('klaviyo')}); without any change ${day.quiet.hubspot.total} + ${day.quiet.klaviyo.total}`,
        `1.25 × ${day.floor.hubspot} + ${day.floor.klaviyo}`,
        String(day.changed * 3),
      ]);
    }
    report(['start over kept data until ready', `${(await backend.restart()).toFixed(1)} s`, '≤ 3 s', '']);
  } finally {
    await backend.close();
    await ground.close();
    await Promise.all([stands.close(), fresh.close()]);
  }
}

if (parts.has('one-way')) {
  const people = Number(values.people);
  const stands = await startStands(people, 'off');
  const backend = await startBackend(stands, 'off');
  try {
    const { calls, floor, carried } = await firstSync(stands, backend, people, 'hubspot_to_klaviyo');
    report([
      'calls to both per 1,000 contacts, first sync HubSpot → Klaviyo',
      `${perThousand(calls.hubspot.total + calls.klaviyo.total, carried.contacts)} (${times(calls.hubspot.total + calls.klaviyo.total, floor.hubspot + floor.klaviyo)})`,
      `1.25 × ${perThousand(floor.hubspot + floor.klaviyo, carried.contacts)}`,
      '',
    ]);
  } finally {
    await backend.close();
    await stands.close();
  }
}

for (const people of parts.has('limits') ? values['limited-people'].split(',').map(Number) : []) {
  const stands = await startStands(people, 'on');
  const backend = await startBackend(stands, 'on');
  try {
    const sync = await firstSync(stands, backend, people);
    const reads = (sync.calls.klaviyo.byOperation['profiles.list']?.count ?? 0) / steadyCalls.klaviyoProfiles;
    const bound = people / Math.max(sync.calls.hubspot.total / steadyCalls.hubspot, reads);
    // The fewest calls, as if sweeps need not list what the sync writes.
    const fewest =
      people /
      Math.max(sync.floor.hubspot / steadyCalls.hubspot, fewestReads(sync.carried) / steadyCalls.klaviyoProfiles);
    report([
      `first two-way sync of ${people.toLocaleString('en')} people under real limits, people/s`,
      `${(people / sync.seconds).toFixed(0)}; ${perThousand(sync.calls.hubspot.total, people)} + ${perThousand(sync.calls.klaviyo.total, people)} calls per 1,000 people, of them ${perThousand(sync.calls.klaviyo.byOperation['profiles.list']?.count ?? 0, people)} of profiles; memory ${sync.megabytes.toFixed(0)} MB`,
      `≥ ${(0.9 * bound).toFixed(0)}: 90 % of what the limits let these calls (the fewest, without listing what was written: ${(0.9 * fewest).toFixed(0)})`,
      '',
    ]);
  } finally {
    await backend.close();
    await stands.close();
  }
}

if (parts.has('hints')) {
  const stands = await startStands(1000, 'off');
  const backend = await startBackend(stands, 'off');
  try {
    await firstSync(stands, backend, 1000);
    const delay = await hintDelay(stands, backend, { samples: 100, background: 50 });
    report([
      'HubSpot webhook → value in Klaviyo, 50 others a second',
      `p50 ${delay.p50.toFixed(0)} ms, p99 ${delay.p99.toFixed(0)} ms`,
      'p50 ≤ 250 ms, p99 ≤ 1 s',
      '',
    ]);
  } finally {
    await backend.close();
    await stands.close();
  }
}

if (parts.has('intake')) report(await intakeRow());

if (parts.has('idle')) report(...(await idlePortals(Number(values['idle-portals']), Number(values['idle-seconds']))));

if (parts.has('api')) {
  const { rows: found, routes } = await apiAnswers(Number(values.activities), Number(values.links));
  report(...found);
  for (const { path, p50, p95, cpuMs } of routes)
    process.stderr.write(`${path}: p50 ${p50.toFixed(1)} ms, p95 ${p95.toFixed(1)} ms, CPU ${cpuMs.toFixed(1)} ms\n`);
}

if (parts.has('large')) report(...(await largeSync(Number(values.large))));

if (parts.has('workers'))
  report(...(await workerProcesses(Number(values['worker-portals']), Number(values['worker-people']))));

if (parts.has('engagement')) report(...(await delayRows()));

if (parts.has('engagement') || parts.has('backlog')) report(...(await backlogRows(Number(values.backlog))));

process.stdout.write(
  `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}\n\n` +
    `| figure | measured | must | one record a call |\n|---|---|---|---|\n${rows.map((row) => `| ${row.join(' | ')} |`).join('\n')}\n`,
);

/** The calls of a sync and of the sweeps that list what it wrote, which come while it runs or after, as it is slow or quick. */
async function sweptRows(stands: Pick<Stands, 'calls'>, { calls, floor, carried, people }: FirstSync): Promise<Row[]> {
  const after = await untilQuiet(stands);
  const listings = fewestListings(carried);
  const row = (side: 'hubspot' | 'klaviyo', name: string): Row => {
    const made = calls[side].total + after[side];
    const fewest = floor[side] + listings[side];
    return [
      `calls to ${name} per 1,000 people, with the sweeps that list what was written`,
      `${perThousand(made, people)} (${times(made, fewest)})`,
      `1.25 × ${perThousand(fewest, people)}`,
      '',
    ];
  };
  return [row('hubspot', 'HubSpot'), row('klaviyo', 'Klaviyo')];
}

function reportCalls({ calls, floor, people }: FirstSync, each: string): void {
  report(
    [
      'calls to HubSpot per 1,000 people, first two-way sync',
      `${perThousand(calls.hubspot.total, people)} (${times(calls.hubspot.total, floor.hubspot)})`,
      `1.25 × ${perThousand(floor.hubspot, people)}`,
      `${each} to both`,
    ],
    [
      'calls to Klaviyo per 1,000 people, first two-way sync',
      `${perThousand(calls.klaviyo.total, people)} (${times(calls.klaviyo.total, floor.klaviyo)})`,
      `1.25 × ${perThousand(floor.klaviyo, people)}`,
      '',
    ],
  );
}
