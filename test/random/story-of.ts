import type { Stage } from './perform-operation.js';
import type { Violation } from './violation.js';

interface Line {
  at: Date;
  text: string;
}

/** Everything that happened to the records a violation names, in order: what people did and what the service wrote. */
export async function storyOf({ world, ledger }: Stage, violation: Violation): Promise<string> {
  const named = new Set(violation.who.match(/\b(\d{3,}|01[0-9A-Z]{20,})\b/g) ?? []);
  const email = /\S+@\S+/.exec(violation.who)?.[0] ?? '';
  const { db } = world.database;
  // Records that were merged belong to the story too.
  for (const { operation, ids } of [...ledger.log].reverse())
    if (operation.kind === 'merge' && ids.some((id) => named.has(id))) for (const id of ids) named.add(id);
  const partners = await db.query<{ id: string | null }>(
    `select distinct unnest(array[hubspot_id, klaviyo_id]) as id from history where hubspot_id = any ($1) or klaviyo_id = any ($1)`,
    [[...named]],
  );
  for (const { id } of partners) if (id !== null) named.add(id);
  const history = await db.query<{ at: Date; text: string }>(
    `select at, concat_ws(' ', 'service:', side, action, outcome, hubspot_id, klaviyo_id, email, because, fields::text) as text
     from history where hubspot_id = any ($1) or klaviyo_id = any ($1) or email = $2 order by id`,
    [[...named], email],
  );
  const happened = ledger.log
    .filter(({ ids, operation }) => ids.some((id) => named.has(id)) || /crash|pause|remap/.test(operation.kind))
    .map(({ at, operation, ids, effect }): Line => ({
      at,
      text: `person${effect ? '' : ' (no effect)'}: ${JSON.stringify(operation)} on ${ids.join(', ')}`,
    }));
  const kept = await db.query<{ text: string }>(
    `select 'link ' || row_to_json(l) as text from link l where hubspot_id = any ($1) or klaviyo_id = any ($1)
     union all select 'standing ' || row_to_json(s) from standing s where record_id = any ($1)
     union all select 'issue ' || row_to_json(i) from issue i where hubspot_id = any ($1) or klaviyo_id = any ($1)
     union all select 'change ' || row_to_json(c) from change c where record_id = any ($1)`,
    [[...named]],
  );
  if (violation.who === 'changes' || violation.who === 'runs') return `${violation.what}\n${await queueOf(world)}`;
  const portal = world.hubspot.portals.get(world.portalId);
  const account = world.klaviyo.accounts.get('TANDM1');
  const records = [...named].flatMap((id) => [portal?.contacts.get(id) ?? [], account?.profiles.get(id) ?? []].flat());
  const lines = [...happened, ...history]
    .sort((a, b) => a.at.getTime() - b.at.getTime())
    .map(({ at, text }) => `  ${at.toISOString().slice(11, 23)} ${text.slice(0, 700)}`);
  return [
    `${violation.rule}: ${violation.who}: ${violation.what}`,
    ...lines,
    ...kept.map(({ text }) => `  ${text}`),
    ...records.map((record) => `  now ${JSON.stringify(record).slice(0, 1200)}`),
  ].join('\n');
}

/** What waits, what runs, who holds which lease, and what the service said last. */
async function queueOf({ database, output }: Stage['world']): Promise<string> {
  const rows = await database.db.query<{ text: string }>(
    `select 'change ' || cause || ' due in ' || extract(epoch from due_at - now())::int || ' attempts ' || attempts as text from change
     union all select 'run ' || row_to_json(r) from run r where state in ('queued', 'running')
     union all select 'lease ' || name || ' for ' || extract(epoch from until - clock_timestamp())::int from lease
     union all select 'sweep ' || name || ' due in ' || extract(epoch from due_at - now())::int from sweep limit 60`,
  );
  return [...rows.map(({ text }) => `  ${text.slice(0, 300)}`), ...output().trim().split('\n').slice(-15)].join('\n');
}
