import { startGround } from './database.js';
import { connectPortals } from './many-portals.js';
import { pause, startBackend, startStands } from './stage.js';
import { vendorCallCost } from './vendor-call-cost.js';

/** Seconds in which a sweep of a portal in rest comes round. */
const periodSeconds = 30;

/**
 * What portals cost in which nothing happens: their sweeps, and nothing else. The processor time of the service and of the
 * database, and how late the latest sweep is, beside what the same calls cost by themselves.
 */
export async function idlePortals(portals: number, forSeconds: number): Promise<[string, string, string, string][]> {
  const stands = await startStands(0, 'on', undefined, ['--portals', String(portals), '--accounts', String(portals)]);
  const ground = await startGround();
  const backend = await startBackend(stands, 'on', {
    ...ground.environment,
    POLL_SECONDS: String(periodSeconds),
  });
  try {
    await connectPortals(stands, backend, ground, portals);
    // Every sweep once first: what a process does at its first look at a portal is no idle cost.
    const [{ now } = { now: new Date() }] = await ground.query<{ now: Date }>('select now()');
    for (let behind = portals; behind > 0; await pause(1000)) {
      const [row] = await ground.query<{ n: string }>(
        `select count(*) as n from sweep where name <> 'links' and coalesce(succeeded_at, '-infinity') <= $1`,
        [now],
      );
      behind = Number(row?.n ?? 0);
    }
    await pause(periodSeconds * 1000);
    await stands.calls();
    const began = performance.now();
    const before = { service: (await backend.cost()).cpuSeconds, database: await ground.cpuSeconds() };
    let latest = 0;
    while (performance.now() - began < forSeconds * 1000) {
      await pause(5000);
      const [row] = await ground.query<{ late: number }>(
        `select max(extract(epoch from now() - succeeded_at))::float8 - $1 as late from sweep where name <> 'links'`,
        [periodSeconds],
      );
      latest = Math.max(latest, row?.late ?? NaN);
    }
    const seconds = (performance.now() - began) / 1000;
    const after = { service: (await backend.cost()).cpuSeconds, database: await ground.cpuSeconds() };
    const calls = await stands.calls();
    const made = calls.hubspot.total + calls.klaviyo.total;
    const service = after.service - before.service;
    const database = after.database - before.database;
    const floor = await vendorCallCost(stands);
    const sweeps = (portals * seconds) / periodSeconds;
    const { megabytes } = await backend.cost();
    return [
      [
        `${portals} portals in rest, CPU of the service`,
        `${((service / seconds) * 100).toFixed(1)} % of a core; ${((service / sweeps) * 1000).toFixed(2)} ms a portal and period, ${(made / sweeps).toFixed(1)} calls`,
        `≤ 5 % of a core (these calls alone: ${((floor.hubspotMs * calls.hubspot.total + floor.klaviyoMs * calls.klaviyo.total) / seconds / 10).toFixed(1)} %: ${floor.hubspotMs.toFixed(2)} and ${floor.klaviyoMs.toFixed(2)} ms each)`,
        '',
      ],
      [
        `${portals} portals in rest, CPU of the database`,
        `${((database / sweeps) * 1000).toFixed(2)} ms a portal and sweep`,
        '≤ 1 ms',
        '',
      ],
      [`${portals} portals in rest, latest sweep`, `${latest.toFixed(1)} s after its period`, 'on time', ''],
      [`${portals} portals in rest, memory`, `${megabytes.toFixed(0)} MB`, '≤ 350 MB', ''],
    ];
  } finally {
    await backend.close();
    await ground.close();
    await stands.close();
  }
}
