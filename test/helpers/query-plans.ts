import type { Database } from '../../server/store/database.js';
import { acrossPortals, withinPortal } from '../../server/store/portal-scope.js';
import type { TestDatabase } from './test-database.js';

interface Plan {
  'Node Type': string;
  'Relation Name'?: string;
  Plans?: Plan[];
}

/** Tables that a plan reads from end to end. */
const scanned = (plan: Plan): string[] => [
  ...(plan['Node Type'] === 'Seq Scan' && plan['Relation Name'] !== undefined ? [plan['Relation Name']] : []),
  ...(plan.Plans ?? []).flatMap(scanned),
];

class TakeBack extends Error {}

/**
 * Runs the statements of `work`, each explained first, and takes back what they wrote. As a portal's they run behind
 * row-level security, as the service runs them; with null as the whole installation's. Answers how many there were, and
 * which scan a table of `growing`: by their plans, and by what the database counted, for plans do not tell of triggers
 * and of rows that go with others.
 */
export async function explained(
  { db }: TestDatabase,
  growing: readonly string[],
  portalId: string | null,
  work: (db: Database) => Promise<unknown>,
): Promise<{ statements: number; scans: string[] }> {
  let statements = 0;
  const scans: string[] = [];
  const observe = async (tx: Database): Promise<never> => {
    const begun = async (): Promise<Map<string, number>> => {
      const rows = await tx.query<{ name: string; n: string }>(
        'select relname as name, seq_scan as n from pg_stat_xact_user_tables where relname = any ($1)',
        [growing],
      );
      return new Map(rows.map(({ name, n }) => [name, Number(n)]));
    };
    const watched: Database = {
      async query<Row extends object>(sql: string, parameters: readonly unknown[] = []) {
        statements += 1;
        const [answer] = await tx.query<{ 'QUERY PLAN': { Plan: Plan }[] }>(`explain (format json) ${sql}`, parameters);
        const found = (answer?.['QUERY PLAN'] ?? []).flatMap(({ Plan: plan }) => scanned(plan));
        for (const table of found.filter((name) => growing.includes(name))) scans.push(`${table}: ${sql}`);
        return tx.query<Row>(sql, parameters);
      },
      transaction: (inner) => inner(watched),
    };
    const before = await begun();
    await work(watched);
    for (const [table, n] of await begun())
      if (n > (before.get(table) ?? 0) && !scans.some((scan) => scan.startsWith(`${table}: `)))
        scans.push(`${table}: a trigger, or rows that go with others`);
    throw new TakeBack('What was written for its plan alone is taken back.');
  };
  const run = (): Promise<unknown> =>
    db.transaction(observe).catch((error: unknown) => {
      if (!(error instanceof TakeBack)) throw error;
    });
  await (portalId === null ? acrossPortals(run) : withinPortal(portalId, run));
  return { statements, scans };
}
