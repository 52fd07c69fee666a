import { setMaxListeners } from 'node:events';
import type { Logger } from 'pino';
import { withinLogScope } from '../log-scope.js';
import { PgBoss, type Job } from 'pg-boss';

/** The kinds of wake-ups. Jobs carry ids only: whoever is woken reads the present state. */
export interface Wakeups {
  /** Work off the changes and runs of a pair of accounts. */
  drain: { klaviyoAccountId: string };
  /** Run one sweep of a pair of accounts, or look through many of whatever accounts. */
  sweep:
    | { klaviyoAccountId: string; name: string }
    | { together: { klaviyoAccountId: string; name: string }[]; at: string };
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

/** The workers of one queue in this process that have nothing to do. */
interface Crew {
  name: QueueName;
  waiting: Set<{ id?: string }>;
}

/** A worker is called when there is something to do; by itself it looks twice a minute. */
const waitForCall = { batchSize: 1, pollingIntervalSeconds: 30, notifyPollingIntervalSeconds: 30 };

/** The queues that hold a job whose time has come: one probe of an index for each. */
async function dueQueues(boss: PgBoss, queues: readonly QueueName[]): Promise<Set<string>> {
  const { rows } = await boss.getDb().executeSql(
    `select name from unnest($1::text[]) as queue (name) where exists (
       select from pgboss.job j where j.name = queue.name and j.state < 'active' and not j.blocked and j.start_after <= now())`,
    [queues],
  );
  return new Set(rows.map((row: { name: string }) => row.name));
}

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
  // Every job under way listens to it.
  setMaxListeners(0, stopping.signal);
  const crews: Crew[] = [];
  // Wake-ups for later, and those whose call was lost, become due without a word: one look for all queues.
  let isLooking = false;
  const look = setInterval(() => {
    const idle = crews.filter(({ waiting }) => waiting.size > 0);
    if (isLooking || idle.length === 0) return;
    isLooking = true;
    dueQueues(
      boss,
      idle.map(({ name }) => name),
    )
      .then((due) => {
        for (const { name, waiting } of idle)
          if (due.has(name)) for (const { id } of waiting) if (id !== undefined) boss.notifyWorker(id);
      })
      .catch((error: unknown) => log.warn({ err: error }, 'the queues could not be looked at'))
      .finally(() => (isLooking = false));
  }, 500);
  look.unref();
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
      // pg-boss wakes every worker of a queue for each job, and each of them asks the database. So there is one that
      // waits, and one for each job under way: whoever takes a job calls the next, who looks at once (G2).
      const crew: Crew = { name, waiting: new Set() };
      crews.push(crew);
      let all = 0;
      const call = async (): Promise<void> => {
        all += 1;
        const worker: { id?: string } = {};
        crew.waiting.add(worker);
        worker.id = await boss.work<Wakeups[typeof name]>(
          name,
          waitForCall,
          async (jobs: Job<Wakeups[typeof name]>[]) => {
            crew.waiting.delete(worker);
            if (crew.waiting.size === 0 && all < concurrency && !stopping.signal.aborted)
              call().catch((error: unknown) => log.error({ err: error, queue: name }, 'a worker could not be called'));
            try {
              for (const job of jobs) {
                await withinLogScope({ queue: name, jobId: job.id }, () =>
                  untilEither(stopping.signal, job.signal, (signal) => handler(job.data, signal)).catch(
                    (error: unknown) => {
                      log.error({ err: error, data: job.data }, 'a job failed and is tried again');
                      throw error;
                    },
                  ),
                );
              }
            } finally {
              if (worker.id !== undefined && crew.waiting.size > 0) {
                all -= 1;
                void boss.offWork(name, { id: worker.id, wait: false });
              } else {
                crew.waiting.add(worker);
                // It was busy, so it may have missed a call.
                if (worker.id !== undefined) boss.notifyWorker(worker.id);
              }
            }
          },
        );
      };
      await call();
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
      clearInterval(look);
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
