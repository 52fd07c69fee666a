import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { connectByKey, openApiWorld, type ApiWorld } from './api-world.js';
import { until } from '../../helpers/service.js';

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

const sql = (text: string, parameters: unknown[] = []): Promise<Record<string, unknown>[]> =>
  world.database.db.query(text, parameters);
beforeEach(async () => {
  for (const table of ['link', 'standing', 'change', 'issue']) await sql(`delete from ${table}`);
  await sql(`update connection set state = 'active'`);
  world.noticed.length = 0;
});
const other = (): { portalId: string } => ({ portalId: world.otherPortalId });
const stand = (state: string, reason: string | null, message: string | null, lists: string[] = []): Promise<unknown> =>
  sql(
    `insert into standing (connection_id, portal_id, side, record_id, state, reason, message, lists) values ($1, $2, 'hubspot', '101', $3, $4, $5, $6)`,
    [connectionId, world.portalId, state, reason, message, lists],
  );
const link = (): Promise<unknown> =>
  sql(
    `insert into link (portal_id, klaviyo_account_id, hubspot_id, klaviyo_id, email) values ($1, $2, '101', '01KLAVIYO', 'a@example.com')`,
    [world.portalId, account],
  );
const card = async (): Promise<{
  sync: {
    state: string;
    reason: { code: string; message: string };
    klaviyoUrl: string | null;
    lastSyncedAt: string | null;
  };
  lists: string[];
  listNames: string[];
  settling: boolean;
  subscription: string | null;
  issues: { id: string; code: string }[];
  emailActivity: { state: string; timeline: { approved: boolean; message: string } };
  latest: unknown[];
}> => (await world.call('GET', '/contacts/101')).body as Awaited<ReturnType<typeof card>>;

describe('F7: the contact card', () => {
  test('a contact nobody has looked at', async () => {
    expect((await world.call('GET', '/contacts/101')).body).toEqual({
      sync: {
        state: 'unlinked',
        reason: { code: 'unlinked', message: expect.stringMatching(/\w/) },
        klaviyoUrl: null,
        lastSyncedAt: null,
      },
      subscription: null,
      lists: [],
      listNames: [],
      settling: false,
      issues: [],
      emailActivity: { state: 'off', timeline: { approved: false, message: expect.stringMatching(/approve/) } },
      totals: {
        sent: 0,
        opened: 0,
        clicked: 0,
        bounced: 0,
        unsubscribed: 0,
        spam: 0,
        leftOut: { machineOpens: 0, botClicks: 0 },
      },
      byDay: [],
      latest: [],
    });
  });

  test('in sync, with the link to Klaviyo, the lists and the time', async () => {
    await link();
    await stand('in_sync', null, null, ['CstHub']);
    expect(await card()).toMatchObject({
      sync: {
        state: 'in_sync',
        klaviyoUrl: `${world.klaviyo.url}/profile/01KLAVIYO`,
        lastSyncedAt: expect.stringMatching(/Z$/),
      },
      lists: ['CstHub'],
    });
  });

  test('F7: what only Klaviyo knows is read behind the answer: names of lists, and the subscription', async () => {
    const profile = [...world.klaviyo.accounts.get('TANDM1')!.profiles.values()][0]!;
    await link();
    await sql(`update link set klaviyo_id = $1`, [profile.id]);
    await stand('in_sync', null, null, ['CstHub', 'Gone']);
    const first = await card();
    expect([first.listNames.length, first.settling]).toEqual([2, true]);
    const settled = await until('the names', async () => {
      const now = await card();
      return now.settling ? null : now;
    });
    // A list that is gone keeps its id.
    expect(settled.listNames).toEqual(['Customers from HubSpot', 'Gone']);
    expect(settled.subscription).toMatch(/SUBSCRIBED|SUPPRESSED/);
  });

  test('waiting, as long as a change of either side waits', async () => {
    await link();
    await stand('in_sync', null, null);
    await sql(
      `insert into change (klaviyo_account_id, portal_id, side, record_id, priority, cause) values ($1, $2, 'klaviyo', '01KLAVIYO', 1, 'x')`,
      [account, world.portalId],
    );
    expect((await card()).sync).toMatchObject({ state: 'waiting', reason: { code: 'waiting' } });
    await sql(`update change set side = 'hubspot', record_id = '101'`);
    expect((await card()).sync.state).toBe('waiting');
    await sql(`update change set record_id = '102'`);
    expect((await card()).sync.state).toBe('in_sync');
  });

  test('skipped and failed with the reason in words', async () => {
    await stand('skipped', 'no_email', 'The contact has no email address.');
    expect((await card()).sync).toMatchObject({
      state: 'skipped',
      reason: { code: 'no_email', message: 'The contact has no email address.' },
    });
    await sql(
      `update standing set state = 'failed', reason = 'email_taken_in_klaviyo', message = 'The email belongs to another profile.'`,
    );
    expect((await card()).sync).toMatchObject({ state: 'failed', reason: { code: 'email_taken_in_klaviyo' } });
  });

  test('F7: its open issues with what to do, of both sides; not those set aside, of others or of another portal', async () => {
    await link();
    const open = (
      side: string,
      record: string,
      code: string,
      portal: string,
      ignored: string | null,
    ): Promise<unknown> =>
      sql(
        `insert into issue (portal_id, connection_id, code, side, record_id, title, detail, fix, ignored_at) values ($1, $2, $3, $4, $5, 'Title', 'Detail', 'Fix', $6)`,
        [portal, connectionId, code, side, record, ignored],
      );
    await open('hubspot', '101', 'invalid_phone', world.portalId, null);
    await open('klaviyo', '01KLAVIYO', 'option_missing', world.portalId, null);
    await open('hubspot', '101', 'value_too_long', world.portalId, '2026-01-01T00:00:00Z');
    await open('hubspot', '102', 'invalid_email', world.portalId, null);
    await open('hubspot', '101', 'field_missing', other().portalId, null);
    const { issues } = await card();
    expect(issues.map(({ code }) => code)).toEqual(['option_missing', 'invalid_phone']);
    expect(issues[0]).toEqual({
      id: expect.stringMatching(/^\d+$/),
      code: 'option_missing',
      title: 'Title',
      detail: 'Detail',
      fix: 'Fix',
    });
    expect((await world.call('POST', `/issues/${issues[1]!.id}/retry`)).status).toBe(202);
  });

  test('E2: whether activity is collected, and whether it may go on timelines', async () => {
    const draft = await world.call('POST', '/connections', { type: 'engagement', klaviyoAccountId: account });
    const id = (draft.body as { id: string }).id;
    const becomes = async (state: string, approval: string | null): Promise<unknown> => {
      await sql('update connection set state = $2 where id::text = $1', [id, state]);
      await sql('update portal set app_events = $2 where id = $1', [world.portalId, approval]);
      const { state: shown, timeline } = (await card()).emailActivity;
      return [shown, timeline.approved];
    };
    expect(await becomes('draft', null)).toEqual(['off', false]);
    expect(await becomes('active', 'unapproved')).toEqual(['on', false]);
    expect((await card()).emailActivity.timeline.message).toMatch(/not approved/);
    expect(await becomes('paused', 'approved')).toEqual(['paused', true]);
    expect(await becomes('initial_sync', 'approved')).toEqual(['on', true]);
    await world.call('DELETE', `/connections/${id}`);
  });

  test('F7: an activity names who did it and leads to their record', async () => {
    await sql(
      `insert into activity (portal_id, klaviyo_account_id, event_id, kind, at, email, message_key, facts, due_at, verdict, decision, counted, contact_id)
       values ($1, $2, 'e1', 'clicked', now(), 'ada@example.com', 'm', '{"name": "Sale", "subject": null, "url": null}', null, 'human', 'deliver', true, '101')`,
      [world.portalId, account],
    );
    const { latest } = await card();
    expect(latest).toMatchObject([
      {
        type: 'clicked',
        message: 'Sale',
        contact: { email: 'ada@example.com', hubspotUrl: expect.stringMatching(/0-1\/101$/) },
      },
    ]);
    await sql('delete from activity');
  });

  test('A1: another portal’s card of the same id shows nothing of it; an id that is none is 404', async () => {
    await link();
    await stand('in_sync', null, null);
    expect((await world.call('GET', '/contacts/101', undefined, other())).body).toMatchObject({
      sync: { state: 'unlinked', klaviyoUrl: null },
    });
    for (const id of ['abc', '1.5', '-1', '9'.repeat(30)])
      expect((await world.call('GET', `/contacts/${id}`)).status).toBe(404);
  });

  test('B10: sync now notes the contact ahead of everything; without a connection that syncs it says so', async () => {
    expect((await world.call('POST', '/contacts/101/sync')).status).toBe(202);
    expect(world.noticed).toEqual([
      { portalId: world.portalId, side: 'hubspot', recordId: '101', priority: 0, cause: 'sync now' },
    ]);
    await sql(`update connection set state = 'paused'`);
    expect(await world.call('POST', '/contacts/101/sync')).toMatchObject({
      status: 409,
      body: { error: { code: 'not_active', fix: expect.stringMatching(/\w/) } },
    });
    expect((await world.call('POST', '/contacts/abc/sync')).status).toBe(404);
    expect(world.noticed).toHaveLength(1);
  });
});
