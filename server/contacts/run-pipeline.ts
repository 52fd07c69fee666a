import type { ScanCursor } from './pass-of.js';

/** Records that a batch is about: `h101`, `kP1`. */
export type RecordKey = `h${string}` | `k${string}`;

/** Where a run goes on behind a batch. */
interface Position {
  runId: string;
  cursor: ScanCursor;
}

/**
 * Batches of a run that are under way at the same time: while one waits for Klaviyo's import job, the next is read,
 * compared and sent. Each writes down what it did after the one before it, so that the run's cursor never passes a batch
 * that is not through. Lives for one turn of a drain, under its lease.
 */
export class RunPipeline {
  private readonly underWay = new Set<{ done: Promise<void>; records: ReadonlySet<RecordKey> }>();
  private last: Promise<void> = Promise.resolve();
  private position: Position | null = null;

  constructor(private readonly depth: number) {}

  /** Where the run goes on behind the batches under way; null when there are none. */
  ahead(runId: string): ScanCursor | null {
    return this.underWay.size > 0 && this.position?.runId === runId ? this.position.cursor : null;
  }

  /** Whether a batch would begin at once. */
  hasRoom(): boolean {
    return this.underWay.size < this.depth;
  }

  /** Whether a batch under way is about this record already. */
  holds(key: RecordKey): boolean {
    return [...this.underWay].some(({ records }) => records.has(key));
  }

  /**
   * Begins a batch once there is room. `work` is given the end of the batch before, which it must await before it writes
   * down anything. Throws what a batch under way failed with. `next` is null for a batch that does not move the run.
   */
  async begin(
    next: Position | null,
    records: readonly RecordKey[],
    work: (before: Promise<void>) => Promise<void>,
  ): Promise<void> {
    while (this.underWay.size >= this.depth) await Promise.race([...this.underWay].map(({ done }) => done));
    const done = work(this.last);
    const batch = { done, records: new Set(records) };
    this.underWay.add(batch);
    this.last = done;
    this.position = next ?? this.position;
    done.then(
      () => this.underWay.delete(batch),
      // It stays, so that whoever waits next is told.
      () => undefined,
    );
  }

  /** Waits for all batches under way; throws the first failure among them. */
  async settle(): Promise<void> {
    const ends = await Promise.allSettled([...this.underWay].map(({ done }) => done));
    this.underWay.clear();
    this.last = Promise.resolve();
    this.position = null;
    const failed = ends.find((end) => end.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }
}
