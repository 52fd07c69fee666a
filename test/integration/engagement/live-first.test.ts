import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { engage } from '../../../server/engagement/engage.js';
import { newActivity } from '../../../server/engagement/new-activity.js';
import { defaultEngagement } from '../../../server/rules/engagement/engagement-config.js';
import { storeActivities } from '../../../server/store/activities.js';
import type { HubspotSession } from '../../../server/vendors/hubspot/session.js';
import { engagementContext } from '../../helpers/engagement-context.js';
import { makePortal } from '../../helpers/make-portal.js';
import { openTestDatabase, type TestDatabase } from '../../helpers/test-database.js';

let database: TestDatabase;
let klaviyoAccountId = '';
const portalId = '7';
/** What a run over the past has left for timelines: nine calls of HubSpot's largest batch, of which one step sends four. */
const past = 4500;

beforeAll(async () => {
  database = await openTestDatabase();
  const { db } = database;
  klaviyoAccountId = await makePortal(db, portalId);
  await db.query(
    `insert into connection (portal_id, klaviyo_account_id, type, name, state, config, activated_at) values ($1, $2, 'engagement', 'E', 'active', $3, '2026-01-01')`,
    [portalId, klaviyoAccountId, JSON.stringify(defaultEngagement)],
  );
  await db.query(
    `with past as (
       insert into activity (portal_id, klaviyo_account_id, event_id, kind, at, message_key, facts, historical, due_at, verdict, decision, because, contact_id, shown_at)
       select $1, $2, 'past' || n, 'opened', '2026-03-01', 'm' || n, '{}', true, null, 'human', 'deliver', 'first', '5', now()
       from generate_series(1, $3::int) as n returning id)
     insert into app_event_due (activity_id, object, object_id, portal_id, klaviyo_account_id, name, historical)
     select id, 'contact', '5', $1, $2, 'opened', true from past`,
    [portalId, klaviyoAccountId, past],
  );
});
afterAll(() => database.close());

test('E7, E8: what is live goes on timelines before what a run over the past left, also when it comes in the midst of it', async () => {
  const happens = (id: string): Promise<number> => {
    const at = new Date('2026-11-01T10:00:00Z');
    const event = { id, profileId: 'P1', email: null, at, properties: { URL: `https://shop.example.com/${id}` } };
    const account = { portalId, klaviyoAccountId };
    return storeActivities(database.db, account, [newActivity(event, 'clicked')], {
      historical: false,
      redecide: false,
    });
  };
  /** Each call to HubSpot: the live event it brings, or how many of the past. */
  const calls: (string | number)[] = [];
  const hubspot: HubspotSession = {
    portalId,
    async request({ body, schema }) {
      const ids = (body as { inputs: { id: string }[] }).inputs.map(({ id }) => id);
      const [live] = ids.filter((id) => id.includes('live')).map((id) => /live\d/.exec(id)![0]);
      calls.push(live ?? ids.length);
      if (calls.filter((call) => call === 500).length === 1) await happens('live2');
      return schema.parse(null);
    },
  };
  const ctx = { ...engagementContext(database.db), hubspot: () => hubspot };
  // The turn before found out whose the profile is and where its activities go.
  ctx.turns.set(klaviyoAccountId, {
    contacts: new Map([['profile:P1', '5']]),
    places: new Map([['5', { companyId: null, deals: [] }]]),
    dealsDenied: false,
    sinceMs: performance.now(),
    ahead: null,
    pastGoesOn: false,
    liveSteps: 0,
  });
  await happens('live1');
  await engage(ctx, klaviyoAccountId, new AbortController().signal);
  expect(calls).toEqual(['live1', 500, 500, 500, 500, 'live2', 500, 500, 500, 500, 500]);
});
