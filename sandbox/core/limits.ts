/** Calls within a rolling stretch of time, by key: what HubSpot counts. */
export class RollingWindow {
  private readonly taken = new Map<string, number[]>();

  constructor(
    readonly limit: number,
    readonly windowMs: number,
  ) {}

  take(key: string, now: number): { ok: boolean; remaining: number } {
    const times = this.taken.get(key) ?? [];
    while (times.length > 0 && (times[0] ?? 0) <= now - this.windowMs) times.shift();
    this.taken.set(key, times);
    if (times.length >= this.limit) return { ok: false, remaining: 0 };
    times.push(now);
    return { ok: true, remaining: this.limit - times.length };
  }
}

/** Calls within fixed stretches of time, several at once, by key: what Klaviyo counts. */
export class FixedWindows {
  private readonly taken = new Map<string, { start: number; count: number }[]>();

  take(
    key: string,
    windows: readonly { limit: number; windowMs: number }[],
    now: number,
  ): { ok: boolean; remaining: number; resetSeconds: number } {
    const slots = this.taken.get(key) ?? windows.map(() => ({ start: now, count: 0 }));
    this.taken.set(key, slots);
    windows.forEach(({ windowMs }, index) => {
      const slot = slots[index];
      if (slot !== undefined && now - slot.start >= windowMs) Object.assign(slot, { start: now, count: 0 });
    });
    const left = windows.map(({ limit, windowMs }, index) => ({
      remaining: limit - (slots[index]?.count ?? 0),
      resetSeconds: Math.max(1, Math.ceil(((slots[index]?.start ?? now) + windowMs - now) / 1000)),
    }));
    const full = left.filter((window) => window.remaining <= 0);
    if (full.length > 0)
      return { ok: false, remaining: 0, resetSeconds: Math.max(...full.map((window) => window.resetSeconds)) };
    for (const slot of slots) slot.count += 1;
    const tightest = left.reduce((a, b) => (a.remaining <= b.remaining ? a : b));
    return { ok: true, remaining: tightest.remaining - 1, resetSeconds: tightest.resetSeconds };
  }
}
