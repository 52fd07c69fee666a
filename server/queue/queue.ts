import type { Logger } from 'pino';
import { PgBoss, type Job } from 'pg-boss';

/** The kinds of wake-ups. Jobs carry ids only: whoever is woken reads the present state. */
export interface Wakeups {
  /** Work off the changes and runs of a pair of accounts. */
  drain: { klaviyoAccountId: string };
  /** Run one sweep of a pair of accounts. */
  sweep: { klaviyoAccountId: string; name: string };
  /** Read the email events of an account. */
  collect: { klaviyoAccountId: string };
  /** Decide about email activity of a pair of accounts and deliver it. */
  engage: { klaviyoAccountId: string };
  /** Look at a connection without writing. */
  preview: { previewId: string };
  /** Turn stored webhook events of a portal into changes. */
  intake: { portalId: string };
  /** Something that happens once for all processes. */
  tick: { name: string };
}

export type QueueName = keyof Wakeups;

export interface Queue {
  /**
   * Wakes somebody for `key`. At most one wake-up per key waits; a wake-up for later (`afterSeconds`) never stands in
   * the way of one for now.
   */
  wake<Name extends QueueName>(name: Name, key: string, data: Wakeups[Name], afterSeconds?: number): Promise<void>;
  /** Wakes once per slot of `seconds`, however many processes ask. */
  wakeOncePer<Name extends QueueName>(name: Name, key: string, data: Wakeups[Name], seconds: number): Promise<void>;
  /** Handles wake-ups, `concurrency` at a time in this process. The signal aborts when the process is to stop. */
  work<Name extends QueueName>(
    name: Name,
    concurrency: number,
    handler: (data: Wakeups[Name], signal: AbortSignal) => Promise<void>,
  ): Promise<void>;
  /** Wake-ups that wait, by queue; `dead` holds those that failed too often. */
  depths(): Promise<Record<string, number>>;
  /** Takes no more work, lets what is under way finish within `seconds`, returns the rest to the queue. */
  stop(seconds: number): Promise<void>;
}

const names: QueueName[] = ['drain', 'sweep', 'collect', 'engage', 'preview', 'intake', 'tick'];

/** Seconds after which a job that is still under way counts as lost and is given to somebody else. */
const expireSeconds: Record<QueueName, number> = {
  drain: 300,
  sweep: 3600,
  collect: 3600,
  engage: 300,
  preview: 3600,
  intake: 300,
  tick: 300,
};

/** Opens the queue in the database, creating its schema when it is not there. */
export async function openQueue(connectionString: string, log: Logger): Promise<Queue> {
  const boss = new PgBoss({
    connectionString,
    schema: 'pgboss',
    max: 6,
    useListenNotify: true,
    application_name: 'tandem-queue',
  });
  boss.on('error', (error: Error) => log.error({ err: error }, 'queue'));
  await boss.start();
  await boss.createQueue('dead', { deleteAfterSeconds: 14 * 24 * 3600 });
  for (const name of names) {
    const options = {
      notify: true,
      retryLimit: 6,
      retryDelay: 1,
      retryBackoff: true,
      retryDelayMax: 120,
      expireInSeconds: expireSeconds[name],
      // A process that was killed sends no heartbeat: its job goes to another one long before it expires.
      heartbeatSeconds: 60,
      deleteAfterSeconds: 600,
      deadLetter: 'dead',
    };
    await boss.createQueue(name, { policy: 'short', ...options });
    await boss.updateQueue(name, options);
  }
  const stopping = new AbortController();
  return {
    async wake(name, key, data, afterSeconds = 0) {
      if (afterSeconds <= 0) {
        await boss.send(name, data, { singletonKey: key });
        return;
      }
      // One waits for each doubling of the delay: a far one must not swallow a near one of the same key either.
      const singletonKey = `${key} later ${Math.ceil(Math.log2(afterSeconds))}`;
      await boss.send(name, data, { singletonKey, startAfter: Math.max(0.1, Math.round(afterSeconds * 10) / 10) });
    },
    async wakeOncePer(name, key, data, seconds) {
      await boss.send(name, data, { singletonKey: key, singletonSeconds: Math.max(1, Math.round(seconds)) });
    },
    async work(name, concurrency, handler) {
      // Notified queues are polled every 30 s otherwise, and delayed wake-ups do not notify.
      const options = { batchSize: 1, pollingIntervalSeconds: 0.5, notifyPollingIntervalSeconds: 0.5 };
      for (let n = 0; n < concurrency; n += 1) {
        const worker: { id?: string } = {};
        worker.id = await boss.work<Wakeups[typeof name]>(name, options, async (jobs: Job<Wakeups[typeof name]>[]) => {
          // Whoever had something to do looks again at once. pg-boss would have it wait for its next poll, and a hundred
          // portals that are told of something in one moment would wait for each other's pauses (G2).
          if (worker.id !== undefined) boss.notifyWorker(worker.id);
          for (const job of jobs) {
            await untilEither(stopping.signal, job.signal, (signal) => handler(job.data, signal)).catch(
              (error: unknown) => {
                log.error({ err: error, queue: name, data: job.data }, 'a job failed and is tried again');
                throw error;
              },
            );
          }
        });
      }
    },
    async depths() {
      // pg-boss counts for itself once a minute; this is the present state.
      const { rows } = await boss
        .getDb()
        .executeSql(`select name, count(*)::int as waiting from pgboss.job where state < 'active' group by name`);
      const waiting = new Map(rows.map((row: { name: string; waiting: number }) => [row.name, row.waiting]));
      return Object.fromEntries([...names, 'dead'].map((name) => [name, waiting.get(name) ?? 0]));
    },
    async stop(seconds) {
      stopping.abort();
      await boss.stop({ graceful: true, timeout: seconds * 1000 });
    },
  };
}

/** Runs work under a signal that aborts when the process stops or when the job expired and went to somebody else. */
async function untilEither(
  stopping: AbortSignal,
  expired: AbortSignal,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const either = new AbortController();
  const abort = (): void => either.abort();
  for (const signal of [stopping, expired]) {
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort);
  }
  try {
    await work(either.signal);
  } finally {
    // The process's signal outlives millions of jobs.
    for (const signal of [stopping, expired]) signal.removeEventListener('abort', abort);
  }
}
