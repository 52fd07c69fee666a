import type { Database } from './database.js';

/** Portals with what an operator asks first. */
export async function portalRows(db: Database): Promise<Record<string, unknown>[]> {
  return db.query(
    `select p.id, p.name, p.state, p.installed_at as "installedAt",
       (select count(*) from klaviyo_account a where a.portal_id = p.id and a.state = 'connected')::int as "klaviyoAccounts",
       (select count(*) from connection c where c.portal_id = p.id and c.state in ('initial_sync', 'active'))::int as "syncing",
       coalesce((select contacts from usage_month u where u.portal_id = p.id and u.month = date_trunc('month', now() at time zone 'utc')::date), 0)::int as "contactsThisMonth"
     from portal p order by p.id`,
  );
}

/** Connections with state, counts and how long the oldest change waits. */
export async function connectionRows(db: Database, portalId: string | null): Promise<Record<string, unknown>[]> {
  return db.query(
    `select c.id, c.portal_id as "portalId", c.type, c.name, c.state, c.state_reason as "stateReason", c.last_success_at as "lastSuccessAt",
       coalesce((select sum(n) from standing_count k where k.connection_id = c.id and k.state = 'in_sync'), 0)::int as "inSync",
       coalesce((select sum(n) from standing_count k where k.connection_id = c.id and k.state = 'failed'), 0)::int as "failed",
       coalesce((select extract(epoch from now() - min(noticed_at)) from change w where w.klaviyo_account_id = c.klaviyo_account_id), 0)::int as "lagSeconds"
     from connection c where $1::bigint is null or c.portal_id = $1 order by c.portal_id, c.created_at`,
    [portalId],
  );
}

/** The portal of a connection, or null. */
export async function portalOfConnection(db: Database, connectionId: string): Promise<string | null> {
  if (!/^[0-9a-f-]{36}$/i.test(connectionId)) return null;
  const [row] = await db.query<{ portal_id: string }>('select portal_id from connection where id = $1', [connectionId]);
  return row?.portal_id ?? null;
}

export interface SealedSecret {
  kind: 'portal' | 'erasure' | 'klaviyo' | 'webhook';
  id: string;
  column: 'access_token' | 'refresh_token' | 'erasure_key' | 'api_key' | 'webhook_secret';
  sealed: string;
}

/** Every sealed secret there is. */
export async function sealedSecrets(db: Database): Promise<SealedSecret[]> {
  const rows = await db.query<SealedSecret>(
    `select 'portal' as kind, id::text, 'access_token' as column, access_token as sealed from portal
     union all select 'portal', id::text, 'refresh_token', refresh_token from portal
     union all select 'erasure', id::text, 'erasure_key', erasure_key from portal
     union all select 'klaviyo', id::text, 'api_key', api_key from klaviyo_account
     union all select 'klaviyo', id::text, 'access_token', access_token from klaviyo_account
     union all select 'klaviyo', id::text, 'refresh_token', refresh_token from klaviyo_account
     union all select 'webhook', klaviyo_account_id::text, 'webhook_secret', webhook_secret from engagement_account`,
  );
  return rows.filter(({ sealed }) => (sealed as string | null) !== null);
}

/** Replaces a sealed secret unless it changed meanwhile; answers whether it did. */
export async function replaceSecret(db: Database, secret: SealedSecret, fresh: string): Promise<boolean> {
  const [table, key] =
    secret.kind === 'webhook'
      ? ['engagement_account', 'klaviyo_account_id']
      : [secret.kind === 'klaviyo' ? 'klaviyo_account' : 'portal', 'id'];
  const rows = await db.query(
    `update ${table} set ${secret.column} = $3 where ${key}::text = $1 and ${secret.column} = $2 returning 1 as done`,
    [secret.id, secret.sealed, fresh],
  );
  return rows.length > 0;
}

/** Facts of the database for the doctor. */
export async function databaseFacts(
  db: Database,
): Promise<{ version: string; migrations: string[]; dead: number; changesWaiting: number }> {
  const [server] = await db.query<{ server_version: string }>('show server_version');
  const migrations = await db.query<{ name: string }>('select name from pgmigrations order by id');
  const [dead] = await db.query<{ n: number }>(`select count(*)::int as n from pgboss.job where name = 'dead'`);
  const [changes] = await db.query<{ n: number }>('select count(*)::int as n from (select from change limit 100000) c');
  return {
    version: server?.server_version ?? '',
    migrations: migrations.map(({ name }) => name),
    dead: dead?.n ?? 0,
    changesWaiting: changes?.n ?? 0,
  };
}
