import type { Page } from './scan.js';

/** What was read for long is read again: it would be compared as if it were the present. */
const freshMs = 5000;

/**
 * The next pages of a run, asked for while the ones before them are worked off: the vendors' answer times disappear
 * behind our own work. Lives for one turn of a drain; what nobody takes is dropped.
 */
export class ReadAhead {
  private ahead: { key: string; at: number; page: Promise<Page> } | null = null;

  /** Begins to read what `take` will ask for under the same key. */
  begin(key: string, read: () => Promise<Page>): void {
    const page = read();
    // A failure is told to whoever takes it; when nobody does, the next turn meets it itself.
    page.catch(() => undefined);
    this.ahead = { key, at: performance.now(), page };
  }

  /** The pages under this key: those read ahead when they are fresh, else read now. */
  take(key: string, read: () => Promise<Page>): Promise<Page> {
    const { ahead } = this;
    this.ahead = null;
    return ahead?.key === key && performance.now() - ahead.at < freshMs ? ahead.page : read();
  }
}
