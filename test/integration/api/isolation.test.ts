import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { operations } from '../../../server/api/operations.js';
import { openApiWorld, type ApiWorld } from './api-world.js';

/** Everything of one portal, asked for by another one, over every route there is (A1). */
let world: ApiWorld;
const ids: Record<string, string> = {};
beforeAll(async () => {
  world = await openApiWorld();
  await world.install(world.portalId);
  await world.install(world.otherPortalId);
  const account = await world.call('POST', '/klaviyo-accounts', { apiKey: 'pk_sandbox_TANDM1' });
  const klaviyoAccountId = (account.body as { id: string }).id;
  const draft = await world.call('POST', '/connections', {
    type: 'contact',
    klaviyoAccountId,
    name: 'Own',
    rules: {
      hubspotToKlaviyo: [{ source: { all: true }, klaviyoListId: 'CstHub' }],
      klaviyoToHubspot: [{ source: { all: true } }],
    },
  });
  const connectionId = (draft.body as { id: string }).id;
  const { db } = world.database;
  const one = async (text: string, values: unknown[]): Promise<string> =>
    (await db.query<{ id: string }>(text, values))[0]?.id ?? '';
  const preview = await world.call('POST', `/connections/${connectionId}/preview`, {});
  ids['klaviyoAccountId'] = klaviyoAccountId;
  ids['connectionId'] = connectionId;
  ids['previewId'] = (preview.body as { previewId: string }).previewId;
  ids['runId'] = await one(
    `insert into run (portal_id, connection_id, klaviyo_account_id, kind, state) values ($1, $2, $3, 'initial', 'finished') returning id`,
    [world.portalId, connectionId, klaviyoAccountId],
  );
  ids['changeId'] = await one(
    `insert into history (portal_id, klaviyo_account_id, connection_id, side, action, hubspot_id, email, because, outcome)
     values ($1, $2, $3, 'klaviyo', 'update', '101', 'secret@example.org', 'x', 'done') returning id`,
    [world.portalId, klaviyoAccountId, connectionId],
  );
  ids['issueId'] = await one(
    `insert into issue (portal_id, connection_id, code, side, record_id, title, detail, fix, email)
     values ($1, $2, 'invalid_phone', 'hubspot', '101', 'secret title', 'secret detail', 'x', 'secret@example.org') returning id`,
    [world.portalId, connectionId],
  );
  await db.query(
    `insert into standing (connection_id, portal_id, side, record_id, state, message) values ($1, $2, 'hubspot', '101', 'failed', 'secret')`,
    [connectionId, world.portalId],
  );
}, 60_000);
afterAll(() => world.close());

/** The parameter that a path means, by what stands before it. */
const idFor = (path: string, name: string): string => {
  if (name === 'previewId' || name === 'runId' || name === 'changeId') return ids[name] ?? '';
  if (name === 'hubspotId') return '101';
  if (path.startsWith('/klaviyo-accounts')) return ids['klaviyoAccountId'] ?? '';
  return (path.startsWith('/issues') ? ids['issueId'] : ids['connectionId']) ?? '';
};

test('A1: every route with the ids of another portal answers 404, or nothing of it', async () => {
  const counted = async (): Promise<unknown> =>
    world.database.db.query(
      `select (select json_agg(c order by id) from connection c) as connections, (select count(*) from run) as runs,
         (select json_agg(i order by id) from issue i) as issues, (select count(*) from history) as history,
         (select count(*) from klaviyo_account) as accounts, (select count(*) from preview) as previews`,
    );
  const before = await counted();
  let walked = 0;
  for (const { method, path } of operations) {
    if (!path.includes('{')) continue;
    const bare = path.replace(/\{(\w+)\}/g, (_all, name: string) => idFor(path, name));
    const body = method === 'get' || method === 'delete' ? undefined : path.endsWith('/undo') ? bodyOfUndo(path) : {};
    const answer = await world.call(method.toUpperCase(), bare, body, { portalId: world.otherPortalId });
    walked += 1;
    expect([path, answer.text.includes('secret')]).toEqual([path, false]);
    // A HubSpot id is a number that may be anybody's: of another portal's contact nothing is known here.
    if (path.includes('{hubspotId}')) continue;
    expect([method, path, answer.status]).toEqual([method, path, 404]);
  }
  expect(walked).toBeGreaterThan(20);
  expect(await counted()).toEqual(before);
});

const bodyOfUndo = (path: string): object =>
  path.startsWith('/connections') ? { since: new Date().toISOString() } : {};

test('A1: lists and filters by another portal’s ids show nothing of it', async () => {
  const other = { portalId: world.otherPortalId };
  for (const path of [
    '/connections',
    '/klaviyo-accounts',
    `/issues?connectionId=${ids['connectionId'] ?? ''}`,
    `/issues/groups?connectionId=${ids['connectionId'] ?? ''}`,
    `/issues.csv?connectionId=${ids['connectionId'] ?? ''}`,
    `/history?connectionId=${ids['connectionId'] ?? ''}`,
    `/history?runId=${ids['runId'] ?? ''}`,
    '/history?contactId=101',
    '/erasures',
    '/overview',
    '/account',
  ]) {
    const answer = await world.call('GET', path, undefined, other);
    expect([path, answer.status, answer.text.includes('secret'), answer.text.includes('Own')]).toEqual([
      path,
      200,
      false,
      false,
    ]);
  }
  const retried = await world.call('POST', '/issues/retry', { connectionId: ids['connectionId'] }, other);
  expect(retried.body).toEqual({ retried: 0 });
  expect(world.noticed.filter(({ portalId }) => portalId === world.portalId)).toEqual([]);
});
