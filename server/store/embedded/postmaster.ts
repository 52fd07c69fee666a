import { readFile, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { errorCode } from '../../error-code.js';

/** The server process of a cluster, as PostgreSQL's own lock file names it. */
export interface Postmaster {
  pid: number;
  /** Null while it starts. */
  port: number | null;
}

/**
 * The server that runs on this cluster, or null. After a crash of the machine or in a new container the lock file may
 * name a process that is another program by now; PostgreSQL would then refuse to start for ever, so it is removed.
 */
export async function runningServer(cluster: string): Promise<Postmaster | null> {
  const path = join(cluster, 'postmaster.pid');
  const lines = (await readFile(path, 'utf8').catch(() => '')).split('\n');
  const [pid, port] = [Number(lines[0]), Number(lines[3])];
  if (!Number.isInteger(pid) || pid <= 0) return null;
  if (!isAlive(pid)) return null; // PostgreSQL sees that itself
  const [program = '', ...parameters] = await commandOf(pid, cluster);
  if (!parameters.includes(cluster)) {
    if (basename(program).startsWith('postgres')) {
      throw new Error(
        `Process ${pid}, named in ${path}, is a PostgreSQL that was not started here. Stop it, or remove that file.`,
      );
    }
    await rm(path, { force: true });
    return null;
  }
  return { pid, port: Number.isInteger(port) && port > 0 ? port : null };
}

/** Program and parameters of a process. Where they cannot be read, the lock file is believed. */
async function commandOf(pid: number, cluster: string): Promise<string[]> {
  if (process.platform !== 'linux') return ['postgres', cluster];
  const text = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ESRCH') return ''; // gone meanwhile
    throw error;
  });
  return text.split('\0');
}

/** Stops the server: open transactions are rolled back, data is written; after 20 seconds less politely. */
export async function stopServer(pid: number, cluster: string): Promise<void> {
  for (const signal of ['SIGINT', 'SIGQUIT'] as const) {
    signalServer(pid, signal);
    const deadline = Date.now() + 20_000;
    while (Date.now() < deadline) {
      const running = await runningServer(cluster);
      if (running === null || running.pid !== pid) return;
      await pause(10);
    }
  }
  throw new Error(`PostgreSQL (process ${pid}) on ${cluster} does not stop.`);
}

/** Sends a signal; a process that is gone needs none. */
export function signalServer(pid: number, signal: 'SIGINT' | 'SIGQUIT'): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (errorCode(error) !== 'ESRCH') throw error;
  }
}

/** Whether a process of this number exists. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
}
