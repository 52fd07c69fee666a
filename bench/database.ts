import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startEmbeddedPostgres } from '../server/store/embedded/embedded-postgres.js';
import { createSealer, type Sealer } from '../server/oauth/seal.js';

/** A PostgreSQL of the bench's own, into which it may write and whose cost it may ask for. */
export interface Ground {
  /** For the service: its address and the key of its secrets. */
  environment: { DATABASE_URL: string; ENCRYPTION_KEYS: string };
  sealer: Sealer;
  query<Row extends object>(sql: string, parameters?: readonly unknown[]): Promise<Row[]>;
  /** CPU seconds of the server and of every process that serves a connection. */
  cpuSeconds(): Promise<number>;
  close(): Promise<void>;
}

/** Starts the database that the service is given instead of its own. */
export async function startGround(): Promise<Ground> {
  const dataDir = await mkdtemp(join(tmpdir(), 'tandem-bench-'));
  await chmod(dataDir, 0o755);
  const server = await startEmbeddedPostgres({ dataDir });
  const key = randomBytes(32);
  const pool = new pg.Pool({ connectionString: server.url, max: 4 });
  pool.on('error', () => undefined);
  const postmaster = Number((await readFile(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8')).split('\n')[0]);
  return {
    environment: { DATABASE_URL: server.url, ENCRYPTION_KEYS: `bench:${key.toString('base64')}` },
    sealer: createSealer([{ id: 'bench', key }]),
    query: async <Row extends object>(sql: string, parameters: readonly unknown[] = []) =>
      (await pool.query(sql, [...parameters])).rows as Row[],
    cpuSeconds: () => cpuOfFamily(postmaster),
    async close() {
      await pool.end();
      await server.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** CPU seconds of a process and of its children, ended ones included, from /proc; not a number elsewhere than on Linux. */
async function cpuOfFamily(parent: number): Promise<number> {
  const fields = async (pid: number): Promise<number[]> =>
    ((await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1] ?? '').split(' ').map(Number);
  try {
    const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
    const all = await Promise.all(pids.map((pid) => fields(pid).catch(() => [])));
    const own = await fields(parent);
    const ticks = (stat: readonly number[]): number => (stat[11] ?? 0) + (stat[12] ?? 0);
    // What ended children took is counted with the parent.
    const ended = (own[13] ?? 0) + (own[14] ?? 0);
    const living = all.filter((stat) => stat[1] === parent).reduce((sum, stat) => sum + ticks(stat), 0);
    return (ticks(own) + ended + living) / 100;
  } catch {
    return NaN;
  }
}
