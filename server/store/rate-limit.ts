import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from './database.js';
import { acrossPortals } from './portal-scope.js';
import { together } from './together.js';

/** One window of a vendor's limit as a token bucket. Keep `cap + perSecond × window` within the limit. */
export interface RateWindow {
  key: string;
  cap: number;
  perSecond: number;
}

/** Who waits: a person (settings page, card, sync now, webhook), or a sweep or run in the background. */
export type RatePriority = 'person' | 'sweep';

export interface RateLimiter {
  /**
   * Waits until `n` calls may be made in all windows at once, and takes them. Waits outside any transaction; rejects
   * with the signal's reason when it aborts.
   */
  take(windows: readonly RateWindow[], n: number, priority: RatePriority, signal?: AbortSignal): Promise<void>;
  /** A vendor's 429: nobody calls under these keys for so many seconds. */
  pause(keys: readonly string[], seconds: number): Promise<void>;
  /** Calls that could be made at once under a window, of its cap; 0 while it is paused. */
  left(window: RateWindow): Promise<number>;
}

/** Lets every call go at once: stand-ins of the vendors have no limits unless they are told to. */
export const unlimited: RateLimiter = {
  take: () => Promise.resolve(),
  pause: () => Promise.resolve(),
  left: (window) => Promise.resolve(window.cap),
};

interface Asked {
  keys: string[];
  caps: number[];
  perSecond: number[];
  n: number;
  reserve: number;
}

/** Calls that share a statement at most. */
const askedTogether = 150;
/** Share of each bucket that sweeps and runs leave to work a person waits for. */
const reserveForPeople = 0.3;
/** Look again at least this often (seconds): a pause may have been shortened, a clock may have jumped. */
const longestWait = 30;

/**
 * The limits of all processes together, in SQL (`rate_take_together`). `onWait` hears how long somebody is about to wait, in
 * seconds. Give it a small pool of its own: callers that wait for a connection would look like a used-up limit.
 */
export function createRateLimiter(
  db: Database,
  onWait: (seconds: number) => void = () => undefined,
  random: () => number = Math.random,
): RateLimiter {
  // Calls of many accounts that ask at the same time share a statement.
  const ask = together(async (asked: Asked[]) => {
    const rows = await acrossPortals(() =>
      db.query<{ place: number; wait: number }>('select place, wait from rate_take_together($1::jsonb)', [
        JSON.stringify(asked),
      ]),
    );
    return new Map(rows.map(({ place, wait }) => [place, wait]));
  }, askedTogether);
  return {
    async take(windows, n, priority, signal) {
      const small = windows.find((window) => window.cap < n);
      if (small !== undefined)
        throw new RangeError(`${n} calls never fit into ${small.key}, which holds ${small.cap}.`);
      const asked: Asked = {
        keys: windows.map((window) => window.key),
        caps: windows.map((window) => window.cap),
        perSecond: windows.map((window) => window.perSecond),
        n,
        reserve: priority === 'sweep' ? reserveForPeople : 0,
      };
      for (;;) {
        signal?.throwIfAborted();
        const { answer, place } = await ask(asked);
        const wait = answer.get(place) ?? 0;
        if (wait <= 0) return;
        onWait(wait);
        // A little later than told, each a little differently, so that waiting callers do not wake as one.
        const ms = Math.min(wait, longestWait) * 1000 * (1 + random() * 0.1) + 1;
        await sleep(ms, undefined, signal === undefined ? {} : { signal });
      }
    },
    async pause(keys, seconds) {
      await acrossPortals(() =>
        db.query(
          `insert into rate_bucket as b (key, tokens, at, paused_until)
         select k, 0, clock_timestamp(), clock_timestamp() + make_interval(secs => $2) from unnest($1::text[]) as k order by k
         on conflict (key) do update set paused_until = greatest(b.paused_until, excluded.paused_until)`,
          [keys, seconds],
        ),
      );
    },
    async left(window) {
      const rows = await db.query<{ left: number }>(
        `select case when paused_until > clock_timestamp() then 0
           else least($2::float8, tokens + extract(epoch from clock_timestamp() - at) * $3) end::float8 as left
         from rate_bucket where key = $1`,
        [window.key, window.cap, window.perSecond],
      );
      return Math.max(0, Math.floor(rows[0]?.left ?? window.cap));
    },
  };
}
