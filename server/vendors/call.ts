import { RetryLater } from '../errors.js';
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
}

/** Seconds to wait after a failure that says nothing about when to come back. */
const defaultWait = 2;

/** Seconds of a Retry-After header (a number or a date), or the fallback. */
export function retryAfterSeconds(header: string | null | undefined, fallback: number): number {
  const text = header?.trim() ?? '';
  if (text === '') return fallback;
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : (Date.parse(text) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.min(Math.max(seconds, 0.1), 3600) : fallback;
}

/** Runs a send with a timeout; whatever breaks on the way becomes RetryLater, for the request may have arrived. */
export async function withTimeout<T>(what: string, timeoutMs: number, send: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new RetryLater(`${what} gave no answer in ${timeoutMs / 1000} s.`, defaultWait, true)), timeoutMs);
  });
  try {
    return await Promise.race([send(), late]);
  } catch (error) {
    if (error instanceof RetryLater) throw error;
    throw new RetryLater(`${what} could not be reached (${codeOf(error)}).`, defaultWait, true);
  } finally {
    clearTimeout(timer);
  }
}

/** The network's word for what went wrong. Never the error itself: vendors' SDKs keep the token in it. */
function codeOf(error: unknown): string {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ('code' in cause && typeof cause.code === 'string') return cause.code;
  }
  return error instanceof Error ? error.name : 'unknown';
}

/** Cuts a list into pieces of at most `size`. */
export function inChunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, n) => items.slice(n * size, (n + 1) * size));
}

/** Maps with at most `width` calls under way at once, in order. */
export async function mapLimited<T, R>(items: readonly T[], width: number, work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = new Array<R>(items.length);
  let next = 0;
  await Promise.all(
    Array.from({ length: Math.min(width, items.length) }, async () => {
      for (let index = next++; index < items.length; index = next++) results[index] = await work(items[index] as T);
    }),
  );
  return results;
}

/** The JSON of a text, or undefined when it is none. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Whoever asked knows what half an answer means for it.
    return undefined;
  }
}
