import { errorCode } from '../error-code.js';
import { RetryLater, VendorBug } from '../errors.js';
import type { RateWindow } from '../store/rate-limit.js';
import type { Priority } from './hubspot/types.js';

/** What every vendor call needs beside the vendor: limits, a timeout, and somebody who counts. */
export interface VendorDeps {
  limiter: {
    take(windows: readonly RateWindow[], n: number, priority: Priority): Promise<void>;
    pause(keys: readonly string[], seconds: number): Promise<void>;
  };
  onCall(call: { vendor: 'hubspot' | 'klaviyo'; operation: string; status: number | 'none'; seconds: number }): void;
  /** Milliseconds until an answer is given up. */
  timeoutMs: number;
  /** Asked when all waiting is over and a request is about to leave; throws when it must not (fencing). */
  fence?: () => void;
}

/** Seconds to wait after a failure that says nothing about when to come back. */
const defaultWait = 2;

/**
 * Seconds of a Retry-After header, or the fallback. A header that holds a moment is compared with the answer's own Date,
 * so that a clock of ours that is wrong does no harm.
 */
export function retryAfterSeconds(header: string | null | undefined, fallback: number, date?: string | null): number {
  const text = header?.trim() ?? '';
  if (text === '') return fallback;
  const isMoment = text.endsWith('GMT');
  const seconds = isMoment ? (Date.parse(text) - Date.parse(date ?? '')) / 1000 : Number(text);
  return Number.isFinite(seconds) && (isMoment || seconds >= 0) ? Math.min(Math.max(seconds, 0.1), 3600) : fallback;
}

export interface Sending {
  /** Who is called, for messages. */
  vendor: 'HubSpot' | 'Klaviyo';
  timeoutMs: number;
  /** Whether the call changes something: then no answer may mean that it did. */
  write: boolean;
}

/** No connection was made, so nothing can have been carried out. */
const neverSent = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT']);

/** Hears, when a call is given up, how to end it. */
export type OnGiveUp = (end: () => void) => void;

/**
 * Runs a send with a timeout. What breaks on the way becomes RetryLater; what never was a request is a VendorBug. When the
 * time is up the send is ended as it said. (Not by an AbortSignal: that is a quarter of what a call costs.)
 */
export async function withTimeout<T>(sending: Sending, send: (onGiveUp: OnGiveUp) => Promise<T>): Promise<T> {
  const { vendor, timeoutMs, write } = sending;
  let end = (): void => undefined;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new RetryLater(`${vendor} gave no answer in ${timeoutMs / 1000} s.`, defaultWait, write));
      end();
    }, timeoutMs);
  });
  const onGiveUp: OnGiveUp = (how) => {
    end = how;
  };
  try {
    return await Promise.race([send(onGiveUp), late]);
  } catch (error) {
    if (error instanceof RetryLater) throw error;
    const code = networkCode(error);
    if (code !== undefined) {
      throw new RetryLater(`${vendor} could not be reached (${code}).`, defaultWait, write && !neverSent.has(code));
    }
    throw new VendorBug(
      `A request to ${vendor} could not be made (${error instanceof Error ? error.name : typeof error}).`,
      // Errors of the SDKs' HTTP client keep the request with its token: those stay out of the log.
      error instanceof Error && !('config' in error) ? { cause: error } : {},
    );
  } finally {
    clearTimeout(timer);
  }
}

/** The network's word for what went wrong (`ECONNRESET`), or undefined when it was not the network. */
function networkCode(error: unknown, depth = 0): string | undefined {
  const code = errorCode(error);
  if (code !== undefined && !code.startsWith('ERR_INVALID')) return code;
  // fetch keeps the socket's error as its cause.
  if (depth > 4 || typeof error !== 'object' || error === null || !('cause' in error)) return undefined;
  return networkCode(error.cause, depth + 1);
}

/** Cuts a list into pieces of at most `size`. */
export function inChunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, n) => items.slice(n * size, (n + 1) * size));
}

/** Maps with at most `width` calls under way at once, in order. After an error no further item is begun. */
export async function mapLimited<T, R>(
  items: readonly T[],
  width: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = new Array<R>(items.length);
  let next = 0;
  let failed = false;
  await Promise.all(
    Array.from({ length: Math.min(width, items.length) }, async () => {
      for (let index = next++; index < items.length && !failed; index = next++) {
        try {
          results[index] = await work(items[index] as T);
        } catch (error) {
          failed = true;
          throw error;
        }
      }
    }),
  );
  return results;
}
