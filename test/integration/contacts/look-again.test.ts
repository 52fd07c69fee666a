import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { startHubspot, type HubspotSandbox } from '../../../sandbox/hubspot/index.js';
import { startKlaviyo, type KlaviyoSandbox } from '../../../sandbox/klaviyo/index.js';
import { askForPerson } from '../../../server/contacts/ask-for-person.js';
import { drain } from '../../../server/contacts/drain.js';
import { glances } from '../../../server/contacts/glance.js';
import { sweep } from '../../../server/contacts/sweep.js';
import { NeedsPerson } from '../../../server/errors.js';
import { syncingConnections } from '../../../server/store/contact-connections.js';
import { missingScope } from '../../../server/vendors/klaviyo/errors.js';
import { nextChangeIn, noteChanges } from '../../../server/store/changes.js';
import { openIssues } from '../../../server/store/issues.js';
import { openSteps, type StepWorld } from '../../helpers/sync-context.js';
import { openTestDatabase, type TestDatabase } from '../../helpers/test-database.js';

/** Nobody stops. */
const stays = new AbortController().signal;
let database: TestDatabase;
let hubspot: HubspotSandbox;
let klaviyo: KlaviyoSandbox;
let steps: StepWorld;

beforeAll(async () => {
  [database, hubspot, klaviyo] = await Promise.all([
    openTestDatabase(),
    startHubspot({ limits: false, searchLagMs: 0 }),
    startKlaviyo({ limits: false }),
  ]);
  steps = await openSteps(database, hubspot, klaviyo, {
    direction: 'two_way',
    rules: { hubspotToKlaviyo: [{ source: { all: true }, klaviyoListId: 'CstHub' }], klaviyoToHubspot: [] },
    mappings: [],
    options: { limit: null, stage: 'all', subscribe: false, carryOptOuts: 'off', unsubscribeOnExit: false },
  });
  // The audit's round is over and the next one far away: what is noted below, it did not find.
  await database.db.query(
    `insert into sweep (klaviyo_account_id, portal_id, name, position) values ($1, $2, 'links', $3)`,
    [steps.klaviyoAccountId, steps.portalId, JSON.stringify({ after: '0', startedMs: Date.now() + 86_400_000 })],
  );
}, 60_000);
afterAll(async () => {
  await Promise.all([hubspot.close(), klaviyo.close()]);
  await database.close();
});

/** Opens an issue that was seen first and last so many minutes ago; answers what one look of the audit notes. */
async function notedAfter(firstSeen: number, lastSeen: number, recordId: string): Promise<string[]> {
  await database.db.query('delete from issue');
  const issue = { side: 'hubspot', recordId, field: 'phone', title: '', detail: '', fix: '' } as const;
  const person = { hubspotId: recordId, klaviyoId: null, email: null };
  await openIssues(database.db, steps.portalId, [
    { connectionId: steps.connectionId, code: 'phone_taken_in_klaviyo', ...issue, ...person },
  ]);
  await database.db.query(
    `update issue set first_seen_at = now() - make_interval(mins => $1), last_seen_at = now() - make_interval(mins => $2)`,
    [firstSeen, lastSeen],
  );
  await sweep(steps.ctx, steps.klaviyoAccountId, 'links', stays);
  const rows = await database.db.query<{ record_id: string }>('delete from change returning record_id');
  return rows.map((row) => row.record_id);
}

test('F5: an issue whose cause may lie with somebody else is looked at again, ever more rarely as it gets older', async () => {
  expect(await notedAfter(60, 60, '5001')).toEqual(['5001']);
  // Looked at a moment ago: not yet.
  expect(await notedAfter(60, 0, '5002')).toEqual([]);
  // Ten hours old and looked at an hour ago: it waits as long again as it lasted.
  expect(await notedAfter(600, 60, '5003')).toEqual([]);
  expect(await notedAfter(600, 330, '5004')).toEqual(['5004']);
  // But never longer than a day.
  expect(await notedAfter(60 * 24 * 90, 60 * 25, '5005')).toEqual(['5005']);
});

test('G5: a drain with nothing left rests; with a change for later it comes back then, not before', async () => {
  await database.db.query('delete from change');
  const woken = steps.wakes();
  await drain(steps.ctx, steps.klaviyoAccountId, stays);
  expect(steps.wakes()).toBe(woken);

  await noteChanges(database.db, steps.portalId, steps.klaviyoAccountId, [
    { side: 'hubspot', recordId: '6001', priority: 1, cause: 'test' },
  ]);
  await database.db.query(`update change set due_at = now() + interval '1 minute'`);
  expect(await nextChangeIn(database.db, steps.klaviyoAccountId)).toBeGreaterThan(50);
  await drain(steps.ctx, steps.klaviyoAccountId, stays);
  expect(steps.wakes()).toBe(woken + 1);
  await database.db.query('delete from change');
  expect(await nextChangeIn(database.db, steps.klaviyoAccountId)).toBe(null);
});

test('A5: nobody is asked to install the app again who has just done so', async () => {
  const needs = new NeedsPerson('reconnect_hubspot', 'The app is not installed.', 'Install it.');
  const facts = async (): Promise<unknown> =>
    (
      await database.db.query(
        `select p.state, (select count(*)::int from issue where code = 'reconnect_hubspot') as issues from portal p`,
      )
    )[0];
  await database.db.query(`update portal set refresh_token = 'of the new installation'`);
  const ask = async (): Promise<void> =>
    askForPerson(
      steps.ctx,
      steps.klaviyoAccountId,
      needs,
      await syncingConnections(database.db, steps.klaviyoAccountId),
    );
  await ask();
  expect(await facts()).toEqual({ state: 'installed', issues: 0 });
  await database.db.query('update portal set refresh_token = null');
  await ask();
  expect(await facts()).toEqual({ state: 'reconnect', issues: 1 });
});

test('F5: a permission that is missing is an issue of the side that denies it', async () => {
  await database.db.query(`update portal set state = 'installed'`);
  const connections = await syncingConnections(database.db, steps.klaviyoAccountId);
  const denials = [
    new NeedsPerson('missing_scope', 'HubSpot denies contacts.batchRead.', 'Install the app again.'),
    missingScope('profiles.list', undefined),
  ];
  for (const denial of denials) {
    await askForPerson(steps.ctx, steps.klaviyoAccountId, denial, connections);
    const [issue] = await database.db.query<{ side: string }>(
      `delete from issue where code = 'missing_scope' returning side, detail`,
    );
    expect(issue).toEqual({ side: denial.side, detail: denial.message });
  }
  expect(denials.map(({ side }) => side)).toEqual(['hubspot', 'klaviyo']);
});

describe('many sweeps looked through together', () => {
  const names = ['hubspot_contacts', 'klaviyo_profiles', 'links'];
  const glance = (at = new Date()): Promise<void> =>
    glances(steps.ctx, (klaviyoAccountId, name) => sweep(steps.ctx, klaviyoAccountId, name, stays))(
      {
        sweeps: names.map((name) => ({ klaviyoAccountId: steps.klaviyoAccountId, name })),
        at: at.toISOString(),
      },
      stays,
    );
  const moved = async (): Promise<string[]> =>
    (
      await database.db.query<{ name: string }>('select name from sweep where succeeded_at is not null order by name')
    ).map(({ name }) => name);
  beforeEach(async () => {
    await database.db.query('delete from change');
    await database.db.query('delete from issue');
    await database.db.query('update sweep set succeeded_at = null');
    await database.db.query(`update portal set state = 'installed'`);
    await database.db.query(
      `insert into sweep (klaviyo_account_id, portal_id, name) select $1, $2, unnest($3::text[]) on conflict do nothing`,
      [steps.klaviyoAccountId, steps.portalId, names],
    );
    await database.db.query(`update sweep set position = $1 where name <> 'links'`, [
      JSON.stringify({ sinceMs: Date.now() - 25_000 }),
    ]);
  });
  test('what is quiet moves on in one statement, notes nothing and wakes nobody', async () => {
    const woken = steps.wakes();
    await glance();
    expect(await moved()).toEqual(names);
    expect(await database.db.query('select from change')).toEqual([]);
    expect(steps.wakes()).toBe(woken);
  });

  test('G4: a vendor that fails for one keeps the watermark of that one only', async () => {
    klaviyo.faults.add({ operation: 'profiles.list', kind: 'status', status: 503, times: 1 });
    await glance();
    expect(await moved()).toEqual(['hubspot_contacts', 'links']);
    klaviyo.faults.clear();
  });

  test('an issue that is to be looked at again ends the rest of the audit', async () => {
    expect(await notedBy(glance)).toEqual(['77']);
  });

  test('what ran since it was due is not run again, and a paused connection not at all', async () => {
    await glance();
    await database.db.query(`update sweep set position = '{"sinceMs": 5}' where name <> 'links'`);
    await glance(new Date(Date.now() - 60_000));
    await database.db.query(`update connection set state = 'paused'`);
    await database.db.query('update sweep set succeeded_at = null');
    await glance();
    await database.db.query(`update connection set state = 'active'`);
    expect(await moved()).toEqual([]);
    expect(await database.db.query(`select distinct position from sweep where name <> 'links'`)).toEqual([
      { position: { sinceMs: 5 } },
    ]);
  });

  test('what is new is noted, as by a sweep of its own', async () => {
    const contact = hubspot.portals.get(steps.portalId)!.create('contacts', { email: 'new@example.com' }, 'CRM_UI');
    const woken = steps.wakes();
    await glance();
    expect(await database.db.query('select side, record_id, cause from change')).toEqual([
      { side: 'hubspot', record_id: contact.id, cause: 'hubspot_contacts' },
    ]);
    expect(steps.wakes()).toBe(woken + 1);
    expect(await moved()).toEqual(names);
  });

  test('F10: a round over no pairs counts as a check without setting the portal up; the first one, and one over pairs, is gone', async () => {
    const alone: string[] = [];
    const roundIsDue = async (): Promise<void> => {
      await database.db.query(
        `update sweep set succeeded_at = null, position = '{"after": "0", "startedMs": 1}' where name = 'links'`,
      );
      alone.length = 0;
      await glances(steps.ctx, async (klaviyoAccountId, name) => {
        alone.push(name);
        await sweep(steps.ctx, klaviyoAccountId, name, stays);
      })(
        { sweeps: [{ klaviyoAccountId: steps.klaviyoAccountId, name: 'links' }], at: new Date().toISOString() },
        stays,
      );
    };
    const checkedAt = async (): Promise<Date> => {
      const [row] = await database.db.query<{ at: Date; pairs: string }>(
        `select checked_at as at, last->>'checkedPairs' as pairs from parity`,
      );
      expect(row?.pairs).toBe('0');
      return row!.at;
    };
    await database.db.query('delete from link');
    await database.db.query('delete from parity');
    await roundIsDue();
    expect(alone).toEqual(['links']);
    const first = await checkedAt();
    await roundIsDue();
    expect(alone).toEqual([]);
    expect((await checkedAt()).getTime()).toBeGreaterThan(first.getTime());
    const [links] = await database.db.query<{ next: string }>(
      `select position->>'startedMs' as next from sweep where name = 'links' and succeeded_at is not null`,
    );
    expect(Number(links?.next)).toBeGreaterThan(Date.now());
    await database.db.query(
      `insert into link (portal_id, klaviyo_account_id, hubspot_id, klaviyo_id, email, base) values ($1, $2, '1', 'K1', 'a@example.com', '{}')`,
      [steps.portalId, steps.klaviyoAccountId],
    );
    await roundIsDue();
    expect(alone).toEqual(['links']);
    await database.db.query('delete from link');
  });

  /** Opens an issue of two hours ago; answers which records the look noted. */
  async function notedBy(look: () => Promise<void>): Promise<string[]> {
    await openIssues(database.db, steps.portalId, [
      {
        connectionId: steps.connectionId,
        code: 'phone_taken_in_klaviyo',
        side: 'hubspot',
        recordId: '77',
        field: 'phone',
        title: '',
        detail: '',
        fix: '',
        hubspotId: '77',
        klaviyoId: null,
        email: null,
      },
    ]);
    await database.db.query(
      `update issue set first_seen_at = now() - interval '2 hours', last_seen_at = now() - interval '2 hours'`,
    );
    await look();
    return (await database.db.query<{ record_id: string }>('select record_id from change')).map((row) => row.record_id);
  }
});
