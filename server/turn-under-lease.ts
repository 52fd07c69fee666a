import type { Logger } from 'pino';
import type { Database } from './store/database.js';
import { acquireLease, LeaseLost, leaseRemaining, releaseLease, renewLease, type Lease } from './store/lease.js';

const leaseSeconds = 10;
/** A turn makes way after this long, so that many pairs of accounts share a process fairly (G2). */
const turnSeconds = 20;

/** One process's turn at a pair of accounts. */
export interface Turn {
  lease: Lease;
  /** When it began, as `performance.now()` tells it. */
  startedMs: number;
  /** Throws LeaseLost when the lease may be somebody else's by the time a vendor hears us. */
  mayWrite(): void;
  /** Whether others are to have their turn, or the process is to stop. */
  isOver(): boolean;
  /** Between two steps: holds the lease anew if some of its time has gone. Throws LeaseLost when it was taken over. */
  holdOn(): Promise<void>;
}

/** How a turn ended: seconds until the next one, null when it is due with the next piece of work, or not until somebody acts. */
export type TurnEnd = number | 'rest' | null;

/**
 * Works on one thing, in one process at a time, by lease; while somebody else holds it, the wake-up is put off to when
 * that lease ends, should its holder have died. A process that froze past its lease finds it lost and writes nothing.
 * What was noted after the last look, whose wake-up met our lease, is seen by a last look after the release.
 */
export async function turnUnderLease(
  ctx: { db: Database; owner: string; log: Logger },
  about: {
    name: string;
    signal: AbortSignal;
    /** Seconds until the next piece of work is due; null: none waits. */
    nextIn(): Promise<number | null>;
    wake(seconds: number): Promise<void>;
  },
  work: (turn: Turn) => Promise<TurnEnd>,
): Promise<void> {
  const { name, signal } = about;
  const lease = await acquireLease(ctx.db, name, ctx.owner, leaseSeconds);
  if (lease === null) return about.wake((await leaseRemaining(ctx.db, name)) + 0.2);
  const startedMs = performance.now();
  let heldMs = startedMs;
  const hold = async (): Promise<void> => {
    const asked = performance.now();
    await renewLease(ctx.db, lease, leaseSeconds);
    heldMs = asked;
  };
  const keepAlive = setInterval(
    () =>
      void hold().catch((error: unknown) =>
        ctx.log.warn({ err: error, lease: name }, 'the lease could not be renewed'),
      ),
    (leaseSeconds / 3) * 1000,
  );
  let end: TurnEnd = 'rest';
  try {
    end = await work({
      lease,
      startedMs,
      mayWrite() {
        if (performance.now() - heldMs > (leaseSeconds - 3) * 1000) throw new LeaseLost(name);
      },
      isOver: () => signal.aborted || performance.now() - startedMs > turnSeconds * 1000,
      async holdOn() {
        if (performance.now() - heldMs > (leaseSeconds / 5) * 1000) await hold();
      },
    });
  } catch (error) {
    if (!(error instanceof LeaseLost)) throw error;
    ctx.log.warn({ lease: name }, 'another process took over this pair of accounts');
    return;
  } finally {
    clearInterval(keepAlive);
    await releaseLease(ctx.db, lease);
  }
  const next = end ?? (await about.nextIn());
  if (next !== null && next !== 'rest') await about.wake(next);
}
