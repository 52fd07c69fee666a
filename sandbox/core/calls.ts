/** Counts what was asked of a stand-in: demos print it, tests prove with it that nothing was written. */
export class CallLog {
  private operations = new Map<string, { count: number; write: boolean; statuses: Record<string, number> }>();
  readonly recent: { at: string; method: string; path: string; operation: string; status: number }[] = [];

  note(operation: string, write: boolean, method: string, path: string, status: number): void {
    const entry = this.operations.get(operation) ?? { count: 0, write, statuses: {} };
    entry.count += 1;
    entry.statuses[status] = (entry.statuses[status] ?? 0) + 1;
    this.operations.set(operation, entry);
    this.recent.push({ at: new Date().toISOString(), method, path: path.slice(0, 300), operation, status });
    if (this.recent.length > 500) this.recent.splice(0, 100);
  }

  reset(): void {
    this.operations = new Map();
    this.recent.length = 0;
  }

  summary(): {
    total: number;
    writes: number;
    byOperation: Record<string, { count: number; statuses: Record<string, number> }>;
  } {
    const entries = [...this.operations];
    return {
      total: entries.reduce((sum, [, { count }]) => sum + count, 0),
      writes: entries.reduce((sum, [, { count, write }]) => sum + (write ? count : 0), 0),
      byOperation: Object.fromEntries(entries.map(([name, { count, statuses }]) => [name, { count, statuses }])),
    };
  }
}
