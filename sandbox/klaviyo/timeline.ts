export interface Position {
  at: number;
  serial: number;
}

interface Entry extends Position {
  id: string;
}

export interface Stretch {
  /** Inclusive, milliseconds. */
  from?: number;
  /** Exclusive, milliseconds. */
  to?: number;
  /** The last position of the page before. */
  after?: Position | null;
  descending?: boolean;
  size: number;
  keep?: (id: string) => boolean;
}

const order = (a: Position, b: Position): number => a.at - b.at || a.serial - b.serial;

/**
 * Ids in the order of a moment each has, for pages by keyset: an id that gets a new moment moves to its new place, so
 * that somebody who is paging meets it again and misses nothing. Setting and reading a page cost little however many
 * there are: old places are skipped and cleared away now and then.
 */
export class Timeline {
  private entries: Entry[] = [];
  private readonly live = new Map<string, Entry>();
  private serial = 0;
  private sorted = true;

  set(id: string, at: number): this {
    this.serial += 1;
    const entry = { id, at, serial: this.serial };
    const last = this.entries.at(-1);
    if (last !== undefined && last.at > at) this.sorted = false;
    this.entries.push(entry);
    this.live.set(id, entry);
    return this;
  }

  get(id: string): number | undefined {
    return this.live.get(id)?.at;
  }

  has(id: string): boolean {
    return this.live.has(id);
  }

  delete(id: string): boolean {
    return this.live.delete(id);
  }

  get size(): number {
    return this.live.size;
  }

  keys(): IterableIterator<string> {
    return this.live.keys();
  }

  *[Symbol.iterator](): IterableIterator<[string, number]> {
    for (const [id, { at }] of this.live) yield [id, at];
  }

  /** One page and where the next one begins; null at the end. */
  page({ from, to, after = null, descending = false, size, keep = () => true }: Stretch): {
    ids: string[];
    next: Position | null;
  } {
    const entries = this.inOrder();
    const first = from === undefined ? 0 : this.firstFrom({ at: from, serial: 0 });
    const last = to === undefined ? entries.length : this.firstFrom({ at: to, serial: 0 });
    let index = descending ? last - 1 : first;
    if (after !== null) {
      const place = this.firstFrom({ at: after.at, serial: descending ? after.serial : after.serial + 1 });
      index = descending ? Math.min(index, place - 1) : Math.max(index, place);
    }
    const found: Entry[] = [];
    for (; descending ? index >= first : index < last; index += descending ? -1 : 1) {
      const entry = entries[index];
      if (entry === undefined || this.live.get(entry.id) !== entry || !keep(entry.id)) continue;
      if (found.length === size) return { ids: found.map(({ id }) => id), next: found.at(-1) ?? null };
      found.push(entry);
    }
    return { ids: found.map(({ id }) => id), next: null };
  }

  private inOrder(): Entry[] {
    if (!this.sorted || this.entries.length > 2 * this.live.size + 1000) {
      this.entries = this.entries.filter((entry) => this.live.get(entry.id) === entry).sort(order);
      this.sorted = true;
    }
    return this.entries;
  }

  /** Index of the first entry at or after a position. */
  private firstFrom(position: Position): number {
    let [low, high] = [0, this.entries.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (order(this.entries[middle] as Entry, position) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
