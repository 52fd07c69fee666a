import type { KlaviyoProfile } from '../vendors/klaviyo/types.js';

/** So long a page is as good as what a batch would read now; reading and deciding take about as long. */
const freshMs = 2000;
/** Profiles kept at most, of all accounts. */
const most = 10_000;

interface Kept {
  profile: KlaviyoProfile;
  at: number;
}

/** What had been written to an account when a page of it was asked for. */
export interface Asked {
  account: string;
  writes: number;
  at: number;
}

/**
 * Profiles as a sweep's page has just brought them, so that the drain that it wakes need not read them again. Only what is
 * certainly not older than our own last write: a page that was asked for before one ended is not kept, what a batch was
 * about is dropped, and all is dropped when another process had the drain meanwhile. Of this process alone: the drain of
 * another one reads for itself. HubSpot's searches are not kept: they answer from an index that lags its records.
 */
export class SweptProfiles {
  private readonly kept = new Map<string, Map<string, Kept>>();
  private readonly writes = new Map<string, number>();
  private readonly turns = new Map<string, string>();
  private size = 0;

  constructor(private readonly now: () => number = () => performance.now()) {}

  /** To be called before a page is asked for. */
  asking(account: string): Asked {
    return { account, writes: this.writes.get(account) ?? 0, at: this.now() };
  }

  /** Keeps profiles of a page, unless something was written to the account since it was asked for. */
  keep({ account, writes, at }: Asked, profiles: readonly KlaviyoProfile[]): void {
    if ((this.writes.get(account) ?? 0) !== writes || profiles.length === 0) return;
    if (this.size + profiles.length > most) this.clear();
    const own = this.kept.get(account) ?? new Map<string, Kept>();
    this.kept.set(account, own);
    this.size -= own.size;
    for (const profile of profiles) own.set(profile.id, { profile, at });
    this.size += own.size;
  }

  /** The profiles with these ids that are fresh still; each is given out once. */
  take(account: string, ids: readonly string[]): KlaviyoProfile[] {
    const own = this.kept.get(account);
    if (own === undefined) return [];
    const oldest = this.now() - freshMs;
    return ids.flatMap((id) => {
      const found = own.get(id);
      this.drop(account, own, id);
      return found !== undefined && found.at >= oldest ? [found.profile] : [];
    });
  }

  /** To be called after a batch has written to vendors: what is kept of these profiles is old. */
  written(account: string, ids: readonly string[]): void {
    this.writes.set(account, (this.writes.get(account) ?? 0) + 1);
    const own = this.kept.get(account);
    if (own !== undefined) for (const id of ids) this.drop(account, own, id);
  }

  /** To be called as a turn of the drain begins, with the token of its lease: it tells whether somebody else had one since. */
  turn(account: string, token: string): void {
    const before = this.turns.get(account);
    this.turns.set(account, token);
    if (before !== undefined && BigInt(token) === BigInt(before) + 1n) return;
    this.written(account, [...(this.kept.get(account)?.keys() ?? [])]);
  }

  private drop(account: string, own: Map<string, Kept>, id: string): void {
    if (own.delete(id)) this.size -= 1;
    if (own.size === 0) this.kept.delete(account);
  }

  private clear(): void {
    this.kept.clear();
    this.size = 0;
  }
}
