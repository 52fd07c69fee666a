import { afterAll, beforeAll, expect, test } from '@jest/globals';
import request from 'supertest';
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
    `insert into activity (portal_id, klaviyo_account_id, event_id, kind, at, email, message_key, facts, verdict, decision, counted, contact_id, shown_at)
     values ($1, $2, 'E1', 'clicked', now(), 'secret@example.org', 'M1', '{"subject":"secret","url":"https://secret.example"}', 'human', 'show', true, '101', now())`,
    [world.portalId, klaviyoAccountId],
  );
  await db.query(
    `insert into standing (connection_id, portal_id, side, record_id, state, message) values ($1, $2, 'hubspot', '101', 'failed', 'secret')`,
    [connectionId, world.portalId],
  );
}, 60_000);
afterAll(() => world.close());

/** A JSON schema, as far as the published interface uses it. */
interface Schema {
  type?: string;
  format?: string;
  enum?: unknown[];
  const?: unknown;
  minimum?: number;
  minItems?: number;
  required?: string[];
  properties?: Record<string, Schema>;
  items?: Schema;
  anyOf?: Schema[];
  oneOf?: Schema[];
}
interface Published {
  parameters: { name: string; in: 'path' | 'query' }[];
  requestBody?: { content: { 'application/json': { schema: Schema } } };
}

/** Parameters that name nobody's rows. Any other must be one of `foreign`, or the test says that it was forgotten. */
const harmless = ['portalId', 'userId', 'userEmail', 'appId', 'cursor', 'limit', 'search', 'code', 'action', 'options'];

/** What the other portal knows of this one, by the name of the parameter. */
const foreign = (path: string): Record<string, string> => ({
  ...ids,
  id:
    (path.startsWith('/klaviyo-accounts')
      ? ids['klaviyoAccountId']
      : path.startsWith('/issues')
        ? ids['issueId']
        : ids['connectionId']) ?? '',
  hubspotId: '101',
  contactId: '101',
  email: 'secret@example.org',
});

/** A body that fits the schema, with the other portal's ids wherever it takes ids of ours. */
function bodyFor(schema: Schema, name: string, known: Record<string, string>): unknown {
  const [variant] = schema.anyOf ?? schema.oneOf ?? [];
  if (variant !== undefined) return bodyFor(variant, name, known);
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined) return schema.enum[0];
  if (name !== 'id' && known[name] !== undefined) return known[name];
  switch (schema.type) {
    case 'object':
      return Object.fromEntries(
        Object.entries(schema.properties ?? {})
          .filter(([key]) => schema.required?.includes(key) === true || known[key] !== undefined)
          .map(([key, inner]) => [key, bodyFor(inner, key, known)]),
      );
    case 'array':
      return (schema.minItems ?? 0) > 0 ? [bodyFor(schema.items ?? {}, name, known)] : [];
    case 'boolean':
      return false;
    case 'integer':
    case 'number':
      return schema.minimum ?? 1;
    default:
      return schema.format === 'date-time' ? new Date().toISOString() : 'a text';
  }
}

const everything = (): Promise<unknown> =>
  world.database.db.query(
    `select (select json_agg(c order by id) from connection c) as connections, (select count(*) from run) as runs,
       (select json_agg(i order by id) from issue i) as issues, (select count(*) from history) as history,
       (select count(*) from klaviyo_account) as accounts, (select count(*) from preview) as previews,
       (select count(*) from activity) as activities`,
  );

test('A1: every published route, called with another portal’s ids wherever it takes ids, answers 404 or nothing of it', async () => {
  const { paths } = (await request(world.app).get('/api/v1/openapi.json')).body as {
    paths: Record<string, Record<string, Published>>;
  };
  const before = await everything();
  const walked: Record<string, number> = { path: 0, query: 0, body: 0, none: 0 };
  for (const [path, methods] of Object.entries(paths)) {
    const known = foreign(path);
    for (const [method, { parameters, requestBody }] of Object.entries(methods)) {
      const asked = parameters.filter(({ name }) => !harmless.includes(name));
      expect([path, asked.filter(({ name }) => known[name] === undefined)]).toEqual([path, []]);
      const bare = path.replace(/\{(\w+)\}/g, (_all, name: string) => known[name] ?? '');
      const filters = asked.filter((one) => one.in === 'query').map(({ name }) => name);
      const body =
        requestBody === undefined
          ? undefined
          : (bodyFor(requestBody.content['application/json'].schema, '', known) as Record<string, unknown>);
      // Each filter by itself, and all of them.
      for (const given of new Set([filters, ...filters.map((name) => [name])].map((names) => names.join()))) {
        const names = given === '' ? [] : given.split(',');
        const query = new URLSearchParams(
          Object.fromEntries(names.map((name) => [name, known[name] ?? ''])),
        ).toString();
        const answer = await world.call(method.toUpperCase(), `${bare}${query === '' ? '' : `?${query}`}`, body, {
          portalId: world.otherPortalId,
        });
        const what = `${method} ${path} ${query} ${JSON.stringify(body ?? null)}`;
        expect([what, answer.text.includes('secret'), answer.text.includes('Own')]).toEqual([what, false, false]);
        expect([what, answer.status < 500]).toEqual([what, true]);
        const takes = path.includes('{')
          ? 'path'
          : names.length > 0
            ? 'query'
            : Object.keys(body ?? {}).some((name) => known[name] !== undefined)
              ? 'body'
              : 'none';
        walked[takes] = (walked[takes] ?? 0) + 1;
        // A HubSpot id is a number that may be anybody's: of another portal's contact nothing is known here.
        const names404 =
          (path.includes('{') && !path.includes('{hubspotId}')) ||
          names.includes('klaviyoAccountId') ||
          body?.['klaviyoAccountId'] !== undefined;
        if (names404) expect([what, answer.status]).toEqual([what, 404]);
      }
    }
  }
  expect(Math.min(...Object.values(walked))).toBeGreaterThan(4);
  expect(walked['path']).toBeGreaterThan(20);
  expect(await everything()).toEqual(before);
  expect(world.noticed.filter(({ portalId }) => portalId === world.portalId)).toEqual([]);
  expect(world.asked.filter(({ connection }) => connection.portalId === world.portalId)).toEqual([]);
});
