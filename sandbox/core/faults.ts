export type FaultKind = 'status' | 'reset' | 'slow' | 'lost_answer' | 'half_answer' | 'partial_batch' | 'expired_token';

/** One switched-on misbehaviour. */
export interface Fault {
  kind: FaultKind;
  /** Beginning of the operation's name; without it every operation. */
  operation?: string;
  status?: number;
  /** Seconds for Retry-After; null or absent sends none. */
  retryAfter?: number | null;
  delayMs?: number;
  /** How often it strikes; 1 when absent. */
  times?: number;
  /** Chance of each strike; 1 when absent. */
  probability?: number;
}

/** The misbehaviours that wait to strike. */
export class Faults {
  private list: (Fault & { left: number })[] = [];

  constructor(private readonly random: () => number) {}

  add(fault: Fault): void {
    this.list.push({ ...fault, left: fault.times ?? 1 });
  }

  clear(): void {
    this.list = [];
  }

  waiting(): Fault[] {
    return this.list.map(({ left, ...fault }) => ({ ...fault, times: left }));
  }

  /** The fault that strikes this operation now, if any. */
  strike(operation: string): Fault | null {
    for (const fault of this.list) {
      if (fault.operation !== undefined && !operation.startsWith(fault.operation)) continue;
      // Whoever asks for a token has none that could have expired.
      if (fault.kind === 'expired_token' && operation.startsWith('oauth.')) continue;
      if (this.random() >= (fault.probability ?? 1)) continue;
      fault.left -= 1;
      if (fault.left <= 0) this.list = this.list.filter((one) => one !== fault);
      return fault;
    }
    return null;
  }
}
