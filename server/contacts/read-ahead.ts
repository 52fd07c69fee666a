/** What was read for long is read again: it would be compared as if it were the present. */
const freshMs = 5000;

/**
 * The next pages of a run, asked for while the ones before them are worked off: the vendors' answer times disappear
 * behind our own work. Lives for one turn of a drain; what nobody takes is dropped.
 */
export class ReadAhead<Pages> {
  private ahead: { key: string; readAt: number; pages: Promise<Pages> } | null = null;

  /** Begins to read what `take` will ask for under the same key. */
  begin(key: string, read: () => Promise<Pages>): void {
    // Where limits are used up the answer itself takes long; it is no older for that.
    const ahead = { key, readAt: Infinity, pages: read() };
    ahead.pages.then(
      () => (ahead.readAt = performance.now()),
      // A failure is told to whoever takes it; when nobody does, the next turn meets it itself.
      () => undefined,
    );
    this.ahead = ahead;
  }

  /** The pages under this key: those read ahead when they are fresh, else read now. */
  take(key: string, read: () => Promise<Pages>): Promise<Pages> {
    const { ahead } = this;
    this.ahead = null;
    return ahead?.key === key && performance.now() - ahead.readAt < freshMs ? ahead.pages : read();
  }
}
