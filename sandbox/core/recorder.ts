import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

export interface Exchange {
  vendor: string;
  method: string;
  url: string;
  headers: Record<string, string>;
  body: string;
  status: number;
  responseHeaders: Record<string, string>;
  responseBody: string;
}

/** Keeps exchanges for the contract test, at most so many of each operation and status. */
export class Recorder {
  private readonly kept = new Map<string, number>();
  private readonly file: string;

  constructor(folder: string, vendor: string) {
    mkdirSync(folder, { recursive: true });
    this.file = join(folder, `${vendor}-${process.pid}-${Date.now()}.jsonl`);
  }

  note(operation: string, exchange: Exchange): void {
    const key = `${operation} ${exchange.status}`;
    const count = (this.kept.get(key) ?? 0) + 1;
    this.kept.set(key, count);
    if (count <= 60) appendFileSync(this.file, `${JSON.stringify(exchange)}\n`);
  }
}
