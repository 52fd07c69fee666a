import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { noteHistory, type HistoryEntry } from '../../../server/store/history.js';
import { connectByKey, openApiWorld, type ApiWorld } from './api-world.js';

let world: ApiWorld;
let account: string;
let connectionId: string;
beforeAll(async () => {
  world = await openApiWorld();
  await world.install(world.portalId);
  await world.install(world.otherPortalId);
  account = await connectByKey(world);
  const draft = await world.call('POST', '/connections', { type: 'contact', klaviyoAccountId: account });
  connectionId = (draft.body as { id: string }).id;
});
afterAll(() => world.close());
beforeEach(() => world.database.db.query('delete from history'));
const other = (): { portalId: string } => ({ portalId: world.otherPortalId });

describe('F6: the history', () => {
  const runId = '00000000-0000-4000-8000-00000000000a';
  const entry = (n: number, more: Partial<HistoryEntry> = {}): HistoryEntry => ({
    connectionId,
    runId: null,
    side: 'klaviyo',
    action: 'update',
    hubspotId: String(100 + n),
    klaviyoId: `K${n}`,
    email: `p${n}@example.com`,
    fields: [
      {
        field: 'contact.firstname|attribute.first_name',
        oldValue: 'A',
        newValue: 'B',
        because: 'It changed in HubSpot.',
      },
    ],
    because: 'It changed in HubSpot.',
    ...more,
  });
  const write = (...entries: HistoryEntry[]): Promise<void> =>
    noteHistory(world.database.db, world.portalId, account, entries);
  interface Page {
    results: Record<string, unknown>[];
    next: string | null;
  }
  const history = async (query = ''): Promise<Page> => (await world.call('GET', `/history${query}`)).body as Page;

  test('a write of two fields is two rows with ids of their own, a write of none is one', async () => {
    await write(
      entry(1, {
        fields: [
          { field: 'a', oldValue: null, newValue: 'x', because: 'filled' },
          { field: 'b', oldValue: '1', newValue: '2', because: 'changed', overruled: '3' },
        ],
      }),
      entry(2, { action: 'list_add', fields: [], because: 'Rule 1 matches.' }),
    );
    const { results } = await history();
    expect(results).toEqual([
      expect.objectContaining({ action: 'list_add', field: null, because: 'Rule 1 matches.' }),
      expect.objectContaining({
        action: 'update',
        field: 'a',
        oldValue: null,
        newValue: 'x',
        because: 'filled',
        side: 'klaviyo',
        connectionId,
        contact: { email: 'p1@example.com', hubspotId: '101', klaviyoId: 'K1' },
        at: expect.stringMatching(/Z$/),
      }),
      expect.objectContaining({ field: 'b', newValue: '2', overruled: '3' }),
    ]);
    expect(new Set(results.map((row) => row['id'])).size).toBe(3);
  });

  test('of a contact, a run, a connection; page by page, newest first', async () => {
    await write(...Array.from({ length: 5 }, (_, n) => entry(n)), entry(9, { runId }));
    expect((await history('?contactId=103')).results).toHaveLength(1);
    expect(
      (await history(`?runId=${runId}`)).results.map((row) => (row['contact'] as { hubspotId: string }).hubspotId),
    ).toEqual(['109']);
    expect((await history(`?connectionId=${connectionId}`)).results).toHaveLength(6);
    const first = await history('?limit=4');
    const second = await history(`?limit=4&cursor=${first.next ?? ''}`);
    expect(
      [...first.results, ...second.results].map((row) => (row['contact'] as { hubspotId: string }).hubspotId),
    ).toEqual(['109', '104', '103', '102', '101', '100']);
    expect(second.next).toBeNull();
  });

  test('by email: linked contacts are known here, others are asked for in HubSpot', async () => {
    const { db } = world.database;
    await write(...Array.from({ length: 3 }, (_, n) => entry(n)));
    await db.query(
      `insert into link (portal_id, klaviyo_account_id, hubspot_id, klaviyo_id, email) values ($1, $2, '101', 'K1', 'p1@example.com')`,
      [world.portalId, account],
    );
    const idsOf = async (email: string): Promise<string[]> =>
      (await history(`?email=${encodeURIComponent(email)}`)).results.map(
        (row) => (row['contact'] as { hubspotId: string }).hubspotId,
      );
    expect(await idsOf(' P1@example.com ')).toEqual(['101']);
    expect(await idsOf('nobody@example.com')).toEqual([]);
    const contact = [...world.hubspot.portals.get(world.portalId)!.contacts.values()].find(
      ({ properties }) => (properties['email'] ?? '') !== '',
    )!;
    await write(entry(7, { hubspotId: contact.id }));
    expect(await idsOf(contact.properties['email'] ?? '')).toEqual([contact.id]);
    await db.query('delete from link');
  });

  test('F6: a page stays far below the megabyte that HubSpot passes on, whatever was written', async () => {
    const fields = Array.from({ length: 150 }, (_, n) => ({
      field: `f${n}`,
      oldValue: 'ü'.repeat(5_000),
      newValue: ['x'.repeat(5_000), ...Array.from({ length: 300 }, () => 'y')],
      because: 'It changed in HubSpot.',
    }));
    await write(...Array.from({ length: 4 }, (_, n) => entry(n, { fields })));
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const answer = await world.call('GET', `/history?limit=25${cursor === '' ? '' : `&cursor=${cursor}`}`);
      expect(Buffer.byteLength(answer.text)).toBeLessThan(1_048_576);
      const { results, next } = answer.body as Page;
      seen.push(...results.map(({ id }) => String(id)));
      cursor = next;
    }
    expect(new Set(seen).size).toBe(4 * 150);
  });

  test('A1: another portal sees none of it', async () => {
    await write(entry(1));
    expect((await world.call('GET', `/history?connectionId=${connectionId}`, undefined, other())).body).toEqual({
      results: [],
      next: null,
    });
  });
});
