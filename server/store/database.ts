import pg from 'pg';
import { isDatabaseAway } from './database-away.js';
import { portalInScope } from './portal-scope.js';

/**
 * The one way to the database: parameters only, a name for every statement in logs and errors by its first words.
 * `query` is for one statement; `transaction` borrows a connection for a few. Never call a vendor inside one.
 */
export interface Database {
  /** Runs one statement; rows as objects. bigint comes back as string, timestamptz as Date, jsonb parsed. */
  query<Row extends object = Record<string, unknown>>(sql: string, params?: readonly unknown[]): Promise<Row[]>;
  /** Begin … commit around `work`; rolls back and rethrows when it throws. */
  transaction<T>(work: (tx: Database) => Promise<T>): Promise<T>;
}

function onClient(client: pg.PoolClient): Database {
  const database: Database = {
    async query<Row extends object>(sql: string, params: readonly unknown[] = []) {
      return (await client.query(sql, [...params])).rows as Row[];
    },
    // A transaction inside a transaction is the same transaction.
    transaction: (work) => work(database),
  };
  return database;
}

const idleInTransactionMs = 20_000;

/** A pool over `connectionString`. `onError` hears of idle connections that broke (database restart). */
export function openPool(
  connectionString: string,
  options: { max: number; applicationName: string; sessionOptions?: string },
  onError: (error: Error) => void,
): pg.Pool {
  const pool = new pg.Pool({
    connectionString,
    max: options.max,
    application_name: options.applicationName,
    // Nothing of ours waits inside a transaction: what does belongs to a process that froze, and its locks stop others.
    idle_in_transaction_session_timeout: idleInTransactionMs,
    ...(options.sessionOptions === undefined ? {} : { options: options.sessionOptions }),
  });
  pool.on('error', onError);
  // A connection that is lent can break while no statement is under way on it, and the pool listens to idle ones only:
  // unheard, that ends the process. The next statement fails by itself, and the pool drops the connection.
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}

/** The role that row-level security holds for; made by migration 0017. The owner of the tables is above it. */
export const portalRole = 'tandem_portal';

/** For whom a connection was last set up; one that is not in here is new, and the owner's. */
const setUpFor = new WeakMap<pg.PoolClient, string | null>();

/**
 * Lends a connection that is set up for the portal in scope. Set up anew only when it last served another one: that is a
 * statement of its own, outside of any transaction, so that a rollback cannot undo it.
 */
async function lend<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  const portalId = portalInScope();
  let broken = false;
  try {
    if ((setUpFor.get(client) ?? null) !== portalId) {
      broken = true;
      await client.query(`select set_config('role', $1, false), set_config('app.portal', $2, false)`, [
        portalId === null ? 'none' : portalRole,
        portalId ?? '',
      ]);
      setUpFor.set(client, portalId);
      broken = false;
    }
    return await work(client);
  } catch (error) {
    // The server said that it ends this connection; its socket may close only after the next one has borrowed it.
    broken ||= isDatabaseAway(error);
    throw error;
  } finally {
    // A connection of which nobody knows whom it serves serves nobody.
    client.release(broken);
  }
}

/** The `Database` over a pool. What it runs, it runs for the portal in scope (`portal-scope.ts`). */
export function poolDatabase(pool: pg.Pool): Database {
  return {
    query: <Row extends object>(sql: string, params: readonly unknown[] = []) =>
      lend(pool, async (client) => (await client.query(sql, [...params])).rows as Row[]),
    transaction: (work) =>
      lend(pool, async (client) => {
        try {
          await client.query('begin');
          const result = await work(onClient(client));
          await client.query('commit');
          return result;
        } catch (error) {
          await client.query('rollback').catch((cause: unknown) => {
            // The connection itself is gone; the server rolls back by itself. Keep the first error.
            if (error instanceof Error) error.cause ??= cause;
          });
          throw error;
        }
      }),
  };
}
