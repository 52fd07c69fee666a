import type { Logger } from 'pino';
import { conditionOf, forgotten, patience, type VendorTrouble } from '../rules/vendor-trouble.js';
import type { Database } from './database.js';
import { acrossPortals } from './portal-scope.js';

/** Whose calls they are: a portal's to HubSpot, or those to one Klaviyo account. */
export type Called = { vendor: 'hubspot'; portalId: string } | { vendor: 'klaviyo'; klaviyoAccountId: string };

/** Milliseconds between two statements that an account is as it was: calls come by the hundred. */
const everyMs = { well: 60_000, down: 20_000, limited: 20_000 };
/** And between two looks at whom something ails: the thousands who are well are not written about. */
const lookEveryMs = 15_000;
/** And until it may be told that it is not: where every other call fails, not each is a statement. */
const changedMs = 1000;
/** How many accounts are remembered at a time. */
const most = 20_000;

/**
 * Listens to the answers of the vendors and keeps what ails them, for people to see. Answers are told without waiting;
 * what cannot be written is only logged, for nothing depends on it.
 */
export function watchVendors(
  db: Database,
  log: Logger,
  now: () => number,
): { note(called: Called, status: number | 'none'): void } {
  /** From when on the next statement is due, by account and condition. */
  const next = new Map<string, number>();
  /** Whom something ails, as last read; null before the first look. And who was noted since that look began. */
  let ailing: Set<string> | null = null;
  let noted = new Set<string>();
  let lookedAt = -Infinity;
  const failed = (error: unknown): void => log.warn({ err: error }, 'the state of a vendor could not be noted');
  const look = (): void => {
    lookedAt = now();
    noted = new Set();
    acrossPortals(() => ailingAccounts(db)).then((found) => (ailing = found), failed);
  };
  return {
    note(called, status) {
      const condition = conditionOf(status);
      const account = called.vendor === 'hubspot' ? called.portalId : called.klaviyoAccountId;
      const key = `${called.vendor} ${account} ${condition}`;
      const at = now();
      if (at - lookedAt >= lookEveryMs) look();
      const who = `${called.vendor} ${account}`;
      if (condition !== 'well') noted.add(who);
      else if (ailing !== null && !ailing.has(who) && !noted.has(who)) return;
      if (at < (next.get(key) ?? 0)) return;
      if (next.size >= most) next.clear();
      next.set(key, at + everyMs[condition]);
      if (condition !== 'limited')
        next.set(`${called.vendor} ${account} ${condition === 'well' ? 'down' : 'well'}`, at + changedMs);
      acrossPortals(() => (condition === 'well' ? recovered(db, called) : met(db, called, condition))).catch(failed);
    },
  };
}

/** Every account that something ails: a few at most, or a vendor is down. */
async function ailingAccounts(db: Database): Promise<Set<string>> {
  const rows = await db.query<{ vendor: string; account: string }>(
    `select vendor, case when vendor = 'hubspot' then portal_id::text else account end as account from vendor_trouble`,
  );
  return new Set(rows.map(({ vendor, account }) => `${vendor} ${account}`));
}

const ownerOf = (called: Called): { from: string; account: string; id: string } =>
  called.vendor === 'hubspot'
    ? { from: 'select id as portal_id from portal where id = $1', account: '', id: called.portalId }
    : {
        from: 'select portal_id from klaviyo_account where id = $1',
        account: called.klaviyoAccountId,
        id: called.klaviyoAccountId,
      };

async function met(db: Database, called: Called, kind: 'down' | 'limited'): Promise<void> {
  const { from, account, id } = ownerOf(called);
  await db.query(
    `insert into vendor_trouble as t (portal_id, vendor, account, kind)
     select portal_id, $2, $3, $4 from (${from}) as owner
     on conflict (portal_id, vendor, account, kind) do update set seen_at = now(),
       since = case when t.seen_at < now() - interval '5 minutes' then now() else t.since end`,
    [id, called.vendor, account, kind],
  );
}

/** An answer ends what was down. Limits are used up between answers: that ends when nobody meets it any more. */
async function recovered(db: Database, called: Called): Promise<void> {
  const { from, account, id } = ownerOf(called);
  await db.query(
    `delete from vendor_trouble where portal_id in (${from}) and vendor = $2 and account = $3
       and (kind = 'down' or seen_at < now() - interval '5 minutes')`,
    [id, called.vendor, account],
  );
}

/** What ails the vendors for a portal at present. */
export async function vendorTroubles(db: Database, portalId: string): Promise<VendorTrouble[]> {
  return db.query<VendorTrouble & Record<string, unknown>>(
    `select t.vendor, t.kind, coalesce(a.name, '') as company, t.account,
       extract(epoch from now() - t.since)::float8 as "sinceSeconds",
       extract(epoch from now() - t.seen_at)::float8 as "seenSeconds"
     from vendor_trouble t left join klaviyo_account a on a.id::text = t.account
     where t.portal_id = $1 order by t.kind, t.vendor, company limit 20`,
    [portalId],
  );
}

/** What ails anybody at present, by a word each: for whoever watches the installation, and names nobody. */
export async function troublesOfAll(db: Database): Promise<string[]> {
  const rows = await db.query<{ what: string }>(
    `select distinct vendor || '_' || kind as what from vendor_trouble
       where since <= now() - make_interval(secs => $1) and seen_at >= now() - make_interval(secs => $2)
     union select 'reconnect_needed' where exists (select from portal where state = 'reconnect')
       or exists (select from klaviyo_account where state = 'reconnect')
     order by what`,
    [patience, forgotten],
  );
  return rows.map(({ what }) => what);
}
