import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { makePeople } from '../../sandbox/seed/people.js';
import {
  activateConnection,
  connectKlaviyo,
  draftConnection,
  openWorld,
  settled,
  until,
  type World,
} from '../helpers/service.js';

/** Preview → staged start → stop on a bad mapping → undo the stage → fix → preview → all. */
interface PersonPreview {
  action: string;
  email: string;
  hubspotId: string | null;
  klaviyoId: string | null;
  changes: { side: string; field: string; before: unknown; after: unknown; because: string }[];
  lists: string[];
  skipped: string | null;
  issues: { code: string }[];
}
interface Preview {
  state: string;
  examined: number;
  isSample: boolean;
  counts: Record<string, number> & { create: Record<string, number>; update: Record<string, number> };
  cost: { newHubspotContacts: number; newKlaviyoProfiles: number };
  skipped: { reason: string; count: number; message: string }[];
  samples: PersonPreview[];
}

let world: World;
let klaviyoAccountId = '';
const writes = (): number =>
  [world.hubspot, world.klaviyo].reduce((sum, sandbox) => sum + sandbox.calls.summary().writes, 0);

async function preview(id: string, body: object = {}): Promise<{ preview: Preview; rows: PersonPreview[] }> {
  const started = await world.call('POST', `/connections/${id}/preview`, body);
  expect(started.status).toBe(202);
  const { previewId } = started.json as { previewId: string };
  const path = `/connections/${id}/preview/${previewId}`;
  const ready = await until('the preview', async () => {
    const answer = (await world.call('GET', path)).json as Preview & { error: string | null };
    if (answer.state === 'failed') throw new Error(answer.error ?? 'failed');
    return answer.state === 'ready' ? answer : null;
  });
  const rows: PersonPreview[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const page = (await world.call('GET', `${path}/rows?limit=200${cursor === '' ? '' : `&cursor=${cursor}`}`))
      .json as {
      results: PersonPreview[];
      next: string | null;
    };
    rows.push(...page.results);
    cursor = page.next;
  }
  return { preview: ready, rows };
}

beforeAll(async () => {
  world = await openWorld({ people: makePeople(200, 41) });
  klaviyoAccountId = await connectKlaviyo(world);
}, 60_000);
afterAll(() => world.close());

let connectionId = '';

test('F2: the preview of everybody writes nothing to anyone, and asking twice starts one', async () => {
  connectionId = await draftConnection(world, { klaviyoAccountId, name: 'Customers' });
  const before = writes();
  const { preview: seen, rows } = await preview(connectionId);
  expect(writes()).toBe(before);
  expect(seen.isSample).toBe(false);
  expect(seen.examined).toBeGreaterThan(190);
  expect(seen.counts.create['hubspot']).toBe(seen.cost.newHubspotContacts);
  expect(rows.filter(({ action }) => action === 'create_in_klaviyo')).toHaveLength(seen.cost.newKlaviyoProfiles);
  expect(seen.skipped.every(({ message, count }) => message.length > 10 && count > 0)).toBe(true);
  expect(seen.samples.length).toBeGreaterThan(5);
  const [conflict] = rows.filter(({ changes }) => changes.some((change) => 'overruled' in change));
  expect(conflict?.changes[0]?.because).toMatch(/wins/);
  const twice = await Promise.all([1, 2].map(() => world.call('POST', `/connections/${connectionId}/preview`, {})));
  expect(twice[0]!.json).toEqual(twice[1]!.json);
});

test('F2: a sample says that it is one', async () => {
  const { preview: seen } = await preview(connectionId, { people: 25 });
  expect([seen.isSample, seen.examined]).toEqual([true, 25]);
});

test('F2: activation does exactly what the preview said, row by row', async () => {
  const { rows } = await preview(connectionId);
  await activateConnection(world, connectionId);
  await settled(world, connectionId);
  const history = await world.database.db.query<{
    email: string;
    side: string;
    action: string;
    fields: { field: string; oldValue: unknown; newValue: unknown }[];
  }>(
    `select email, side, action, fields from history where outcome = 'done' and action in ('create', 'update', 'clear') order by id`,
  );
  const text = (value: unknown): string => JSON.stringify(value);
  const promised = rows.flatMap(({ email, changes }) =>
    changes.map((change) => text([email, change.side, change.field, change.before, change.after])),
  );
  const done = history.flatMap(({ email, side, fields }) =>
    fields.map((field) => text([email, side, field.field, field.oldValue, field.newValue])),
  );
  expect(done.sort()).toEqual(promised.sort());
  const created = (side: string): string[] =>
    history
      .filter((row) => row.action === 'create' && row.side === side)
      .map(({ email }) => email)
      .sort();
  const planned = (action: string): string[] =>
    rows
      .filter((row) => row.action === action)
      .map(({ email }) => email)
      .sort();
  expect(created('hubspot')).toEqual(planned('create_in_hubspot'));
  expect(created('klaviyo')).toEqual(planned('create_in_klaviyo'));
  const skipped = await world.database.db.query<{ n: string }>(
    `select count(*) as n from standing where state = 'skipped'`,
  );
  expect(Number(skipped[0]?.n)).toBe(rows.filter(({ action }) => action === 'skip').length);
});
