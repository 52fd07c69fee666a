import pg from 'pg';

/** Oldest server that the statements run on. */
const oldestVersion = 15;

/** Whether a database can be worked with, or what is in the way. */
export type DatabaseStanding =
  | { state: 'ready' }
  /** Nothing was made in it yet; the first start does. */
  | { state: 'empty'; version: string }
  | { state: 'away'; reason: string }
  | { state: 'too_old'; version: string }
  /** The role that works for portals is missing, and this user may not make it. */
  | { state: 'no_role'; user: string };

/** Looks at a database without changing it. Never throws: what is in the way is the answer. */
export async function inspectDatabase(databaseUrl: string): Promise<DatabaseStanding> {
  const client = new pg.Client({
    connectionString: databaseUrl,
    application_name: 'tandem-doctor',
    connectionTimeoutMillis: 10_000,
  });
  // A connection that breaks later is told by the statement that meets it.
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{
      version: string;
      number: number;
      made: boolean;
      user: string;
      role: boolean;
    }>(
      `select current_setting('server_version') as version, current_setting('server_version_num')::int as number,
         to_regclass('public.portal') is not null as made, current_user as user,
         exists (select from pg_roles where rolname = 'tandem_portal' and pg_has_role(current_user, oid, 'member'))
           or exists (select from pg_roles where rolname = current_user and (rolsuper or rolcreaterole)) as role`,
    );
    const [facts] = rows;
    if (facts === undefined) return { state: 'away', reason: 'It answers nothing.' };
    if (facts.number < oldestVersion * 10_000) return { state: 'too_old', version: facts.version };
    if (!facts.role) return { state: 'no_role', user: facts.user };
    return facts.made ? { state: 'ready' } : { state: 'empty', version: facts.version };
  } catch (error) {
    return { state: 'away', reason: error instanceof Error ? error.message : String(error) };
  } finally {
    await client.end().catch(() => undefined);
  }
}
