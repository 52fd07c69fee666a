import type { Database } from './database.js';

/** "One at a time" across processes. The token grows with each holder: a late writer shows an old one (fencing). */
export interface Lease {
  name: string;
  owner: string;
  token: string;
}

/** This process no longer holds the lease it works under; what it was about to write must not be written. */
export class LeaseLost extends Error {
  override readonly name = 'LeaseLost';
  constructor(lease: string) {
    super(`The lease ${lease} is held by somebody else.`);
  }
}

/** Takes the lease for some seconds of the database's clock, or answers null while somebody else holds it. */
export async function acquireLease(db: Database, name: string, owner: string, seconds: number): Promise<Lease | null> {
  const rows = await db.query<{ token: string }>(
    `insert into lease as l (name, owner, token, until) values ($1, $2, 1, clock_timestamp() + make_interval(secs => $3))
     on conflict (name) do update set owner = excluded.owner, token = l.token + 1, until = excluded.until
     where l.until <= clock_timestamp() returning token`,
    [name, owner, seconds],
  );
  return rows[0] === undefined ? null : { name, owner, token: rows[0].token };
}

/** Holds the lease for some seconds from now. Throws LeaseLost when it was taken over meanwhile. */
export async function renewLease(db: Database, lease: Lease, seconds: number): Promise<void> {
  const rows = await db.query(
    `update lease set until = clock_timestamp() + make_interval(secs => $3) where name = $1 and token = $2 returning name`,
    [lease.name, lease.token, seconds],
  );
  if (rows.length === 0) throw new LeaseLost(lease.name);
}

/** Lets the lease go; harmless when it is lost already. */
export async function releaseLease(db: Database, lease: Lease): Promise<void> {
  await db.query(`update lease set until = clock_timestamp() where name = $1 and token = $2`, [
    lease.name,
    lease.token,
  ]);
}

/** Inside a transaction: throws LeaseLost unless the lease is still ours, and keeps it so until the commit. */
export async function assertLease(tx: Database, lease: Lease): Promise<void> {
  const rows = await tx.query(
    'select from lease where name = $1 and token = $2 and until > clock_timestamp() for share',
    [lease.name, lease.token],
  );
  if (rows.length === 0) throw new LeaseLost(lease.name);
}

/** Seconds until the lease ends unless it is renewed; 0 when nobody holds it. */
export async function leaseRemaining(db: Database, name: string): Promise<number> {
  const rows = await db.query<{ seconds: number }>(
    'select greatest(0, extract(epoch from until - clock_timestamp()))::float8 as seconds from lease where name = $1',
    [name],
  );
  return rows[0]?.seconds ?? 0;
}
