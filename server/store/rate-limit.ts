import type { Database } from './database.js';

/** One window of a vendor's limit as a token bucket. Keep `cap + perSecond × window` within the limit. */
export interface RateWindow {
  key: string;
  cap: number;
  perSecond: number;
}

export interface RateLimiter {
  /** Waits until `n` calls may be made in all windows at once, and takes them. Waits outside any transaction. */
  take(windows: readonly RateWindow[], n: number, priority: 'person' | 'sweep'): Promise<void>;
  /** A vendor's 429: nobody calls under these keys for so many seconds. */
  pause(keys: readonly string[], seconds: number): Promise<void>;
  /** Calls that could be made at once under a window, of its cap. */
  left(window: RateWindow): Promise<number>;
}

/** Share of each bucket that sweeps and runs leave to work a person waits for. */
const reserveForPeople = 0.3;

/**
 * The limits of all processes together, in SQL (`rate_take`). `onWait` hears how long somebody waited, in seconds.
 */
export function createRateLimiter(db: Database, onWait: (seconds: number) => void = () => undefined): RateLimiter {
  return {
    async take(windows, n, priority) {
      const parameters = [
        windows.map((window) => window.key),
        windows.map((window) => window.cap),
        windows.map((window) => window.perSecond),
        n,
        priority === 'sweep' ? reserveForPeople : 0,
      ];
      for (;;) {
        const rows = await db.query<{ wait: number }>('select rate_take($1, $2, $3, $4, $5) as wait', parameters);
        const wait = rows[0]?.wait ?? 0;
        if (wait <= 0) return;
        onWait(wait);
        // A little later than told, each a little differently, so that waiting callers do not wake as one.
        await new Promise((resolve) => setTimeout(resolve, Math.min(wait, 30) * 1000 * (1 + Math.random() * 0.1) + 1));
      }
    },
    async pause(keys, seconds) {
      await db.query(
        `insert into rate_bucket as b (key, tokens, at, paused_until)
         select k, 0, clock_timestamp(), clock_timestamp() + make_interval(secs => $2) from unnest($1::text[]) as k order by k
         on conflict (key) do update set paused_until = greatest(b.paused_until, excluded.paused_until)`,
        [keys, seconds],
      );
    },
    async left(window) {
      const rows = await db.query<{ left: number }>(
        `select least($2::float8, tokens + extract(epoch from clock_timestamp() - at) * $3)::float8 as left from rate_bucket where key = $1`,
        [window.key, window.cap, window.perSecond],
      );
      return Math.max(0, Math.floor(rows[0]?.left ?? window.cap));
    },
  };
}
