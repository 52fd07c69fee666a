import { hubspotFetch, installApp } from '../sandbox/hubspot/fetch-proxy.js';
import { startGround } from './database.js';
import { draftEverybody } from './draft-everybody.js';
import { companyId } from './many-portals.js';
import { pause, portalId, startBackend, startStands } from './stage.js';

interface Measured {
  perSecond: number;
  /** Of the workers and the web process together, in milliseconds a person. */
  serviceMs: number;
  databaseMs: number;
  standsMs: number;
}

/**
 * First two-way syncs of several portals at once, limits off, by one worker process, two and four. Throughput grows with
 * the cores a machine has left beside database and stand-ins; what tells whether processes get in each other's way is the
 * processor time a person takes: as long as it stays, more cores carry more portals.
 */
export async function workerProcesses(portals: number, people: number): Promise<[string, string, string, string][]> {
  const measured: [number, Measured][] = [];
  for (const processes of [1, 2, 4]) measured.push([processes, await measure(portals, people, processes)]);
  const [[, one] = [1, null]] = measured;
  if (one === null) return [];
  return measured.map(([processes, it]) => {
    const [grown, could] = [it.perSecond / one.perSecond, (processes * one.serviceMs) / it.serviceMs];
    return [
      `${portals} portals of ${people} people at once, ${processes} worker process${processes === 1 ? '' : 'es'}`,
      `${it.perSecond.toFixed(0)} people/s (${grown.toFixed(2)} ×); CPU a person: service ${it.serviceMs.toFixed(2)}, database ${it.databaseMs.toFixed(2)}, stand-ins ${it.standsMs.toFixed(2)} ms; with a core a process ${could.toFixed(2)} ×`,
      processes === 1 ? '' : `≥ ${processes === 2 ? '1.7' : '3'} × where the machine has cores`,
      '',
    ];
  });
}

async function measure(portals: number, people: number, processes: number): Promise<Measured> {
  const size = ['--portals', String(portals), '--accounts', String(portals), '--everywhere'];
  const stands = await startStands(people, 'off', undefined, size);
  const ground = await startGround();
  const backend = await startBackend(stands, 'off', { ...ground.environment, ROLE: 'web' });
  const workers = await Promise.all(Array.from({ length: processes }, () => backend.startWorker()));
  try {
    const users = Array.from({ length: portals }, (_one, n) => ({
      ...backend.user,
      portalId: String(Number(portalId) + n),
    }));
    const call = async <T>(n: number, method: string, path: string, body?: unknown): Promise<T> => {
      const answer = await hubspotFetch(users[n] ?? backend.user, method, `/api/v1${path}`, body);
      if (answer.status >= 300) throw new Error(answer.text);
      return answer.json as T;
    };
    const ids: string[] = [];
    for (let n = 0; n < portals; n += 1) {
      if (n > 0) await installApp(backend.url, users[n]?.portalId ?? '');
      const asPortal = <T>(method: string, path: string, body?: unknown): Promise<T> => call<T>(n, method, path, body);
      ids.push(await draftEverybody(asPortal, { key: `pk_sandbox_${companyId(n + 1)}` }));
    }
    const costs = async (): Promise<[service: number, database: number, stands: number]> => {
      const all = await Promise.all([backend, ...workers].map((one) => one.cost()));
      return [
        all.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0),
        await ground.cpuSeconds(),
        (await stands.cost()).cpuSeconds,
      ];
    };
    const before = await costs();
    const started = performance.now();
    await Promise.all(ids.map((id, n) => call(n, 'POST', `/connections/${id}/activate`)));
    for (let n = 0; n < portals;) {
      const { state, run } = await call<{ state: string; run: { state: string } | null }>(
        n,
        'GET',
        `/connections/${ids[n]}/status`,
      );
      if (state === 'active' && run?.state === 'finished') n += 1;
      else await pause(250);
    }
    const seconds = (performance.now() - started) / 1000;
    const after = await costs();
    const each = (index: 0 | 1 | 2): number => ((after[index] - before[index]) * 1000) / (portals * people);
    return { perSecond: (portals * people) / seconds, serviceMs: each(0), databaseMs: each(1), standsMs: each(2) };
  } finally {
    await Promise.all(workers.map((worker) => worker.close()));
    await backend.close();
    await ground.close();
    await stands.close();
  }
}
