import type { Database } from './database.js';

/** The time that all processes agree on. */
export interface SharedClock {
  now(): Date;
  /** Asks the database again how far our own clock is off. */
  adjust(): Promise<void>;
  stop(): void;
}

const adjustEveryMs = 30_000;

/**
 * The database's time, told by our own clock and how far that is off. Watermarks, deadlines and tokens are shared by
 * processes on several machines: one whose clock runs ahead would move a watermark past changes that nobody has read.
 * Asked again every half minute; while the database is away the last answer counts, and `onError` hears of it. Throws
 * when the database cannot be asked at the start.
 */
export async function openSharedClock(
  db: Database,
  ownMs: () => number,
  onError: (error: unknown) => void,
): Promise<SharedClock> {
  let aheadMs = 0;
  const adjust = async (): Promise<void> => {
    const asked = ownMs();
    const [row] = await db.query<{ ms: number }>('select (extract(epoch from clock_timestamp()) * 1000)::float8 as ms');
    const answered = ownMs();
    if (row !== undefined) aheadMs = (asked + answered) / 2 - row.ms;
  };
  await adjust();
  const timer = setInterval(() => void adjust().catch(onError), adjustEveryMs);
  timer.unref();
  return {
    now: () => new Date(Math.round(ownMs() - aheadMs)),
    adjust,
    stop: () => clearInterval(timer),
  };
}
