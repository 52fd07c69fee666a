import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
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

/** Alerts that the operator's address was told of. */
const told: { code: string; message: string; to: string | null }[] = [];
const mailer = createServer((request, response) => {
  let body = '';
  request.on('data', (chunk: Buffer) => (body += chunk.toString()));
  request.on('end', () => {
    told.push(JSON.parse(body) as (typeof told)[number]);
    response.end();
  });
});

beforeAll(async () => {
  await new Promise<void>((resolve) => mailer.listen(0, '127.0.0.1', resolve));
  world = await openWorld({
    people: makePeople(200, 41),
    environment: { ALERT_URL: `http://127.0.0.1:${(mailer.address() as AddressInfo).port}/alerts` },
  });
  klaviyoAccountId = await connectKlaviyo(world);
}, 60_000);
afterAll(async () => {
  await world.close();
  await new Promise((resolve) => mailer.close(resolve));
});

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

/** Everything that both vendors hold, to be compared before and after. */
const snapshot = () => {
  const portal = world.hubspot.portals.get(world.portalId)!;
  const account = world.klaviyo.accounts.get('TANDM1')!;
  return {
    contacts: new Map([...portal.contacts.values()].map((one) => [one.id, { ...one.properties }])),
    profiles: new Map(
      [...account.profiles.values()].map((one) => [
        one.id,
        { first: one.first_name, last: one.last_name, title: one.title, consent: one.consent, ...one.properties },
      ]),
    ),
    lists: new Map([...account.lists.values()].map((list) => [list.id, [...list.members.keys()].sort()])),
  };
};
const runOf = async (id: string, kind: string): Promise<string> =>
  (
    (await world.call('GET', `/connections/${id}/runs`)).json as { results: { id: string; kind: string }[] }
  ).results.find((run) => run.kind === kind)!.id;
const finished = (id: string, runId: string): Promise<{ counts: Record<string, number> }> =>
  until('the run to finish', async () => {
    const { results } = (await world.call('GET', `/connections/${id}/runs`)).json as {
      results: { id: string; state: string; counts: Record<string, number> }[];
    };
    return results.find((run) => run.id === runId && run.state === 'finished') ?? null;
  });
const field = (property: string, name: string, kind = 'property', direction = 'both') => ({
  hubspot: { object: 'contact', property },
  klaviyo: { kind, name },
  direction,
  winner: null,
  emptyToo: false,
});

test('F12, F6: a stage stops on a bad mapping and says why; undone, both sides are as before; corrected, all goes as previewed', async () => {
  await world.call('DELETE', `/connections/${connectionId}`);
  const portal = world.hubspot.portals.get(world.portalId)!;
  // Titles of people are no numbers: nobody's can be synced.
  for (const contact of portal.contacts.values())
    portal.update('contacts', contact, { jobtitle: 'Head of Something', hs_language: 'de' }, 'CRM_UI');
  const account = world.klaviyo.accounts.get('TANDM1')!;
  for (const profile of account.profiles.values()) {
    profile.properties['Grade'] = 'first class';
    account.touch(profile);
  }
  const before = snapshot();
  const id = await draftConnection(world, {
    klaviyoAccountId,
    name: 'Staged',
    mappings: [field('hs_language', 'Language'), field('loyalty_points', 'Grade')],
    options: { stage: 'tenth' },
  });
  const since = new Date(Date.now() - 1000).toISOString();
  await activateConnection(world, id);
  const stopped = await until('the stage to stop', async () => {
    const connection = (await world.call('GET', `/connections/${id}`)).json as { state: string; stateReason: string };
    return connection.state === 'stopped' ? connection : null;
  });
  expect(stopped.stateReason).toBe('too_many_issues');
  const overview = (await world.call('GET', '/overview')).json as {
    health: string;
    banners: { message: string; fix: string }[];
  };
  expect(overview.banners[0]?.message).toMatch(/Staged.*\d+ of the first \d+ people have an issue/);
  const languages = (): number =>
    [...account.profiles.values()].filter((one) => one.properties['Language'] !== undefined).length;
  expect(languages()).toBeGreaterThan(2);
  expect(languages()).toBeLessThan(60);

  expect(await runOf(id, 'canary')).toMatch(/-/);
  const shown = await world.call('POST', `/connections/${id}/undo`, { since, dryRun: true });
  expect(shown.status).toBe(200);
  expect((shown.json as { takesBack: unknown[] }).takesBack.length).toBeGreaterThan(2);
  expect(snapshot()).not.toEqual(before);
  const undone = await world.call('POST', `/connections/${id}/undo`, { since });
  expect(undone.status).toBe(202);
  await finished(id, (undone.json as { runId: string }).runId);
  expect(snapshot()).toEqual(before);

  const fixed = await world.call('PATCH', `/connections/${id}`, {
    mappings: [field('hs_language', 'Language'), field('jobtitle', 'Role')],
    options: { stage: 'all' },
  });
  expect(fixed.status).toBe(200);
  const { rows } = await preview(id);
  const promised = rows.flatMap(({ email, changes }) => changes.map((change) => [email, change.field, change.after]));
  expect(promised.length).toBeGreaterThan(100);
  expect((await world.call('POST', `/connections/${id}/resume`)).status).toBe(202);
  await settled(world, id);
  // What was taken back stays so until somebody edits it: the preview said nothing else.
  for (const [email, name, value] of promised)
    if (name === 'Role') expect(account.holder({ email: String(email) })[0]?.properties['Role']).toBe(value);
  connectionId = id;
});

test('F6: one change is taken back and stays so; an edited value is left alone; consent is never given back', async () => {
  const portal = world.hubspot.portals.get(world.portalId)!;
  const account = world.klaviyo.accounts.get('TANDM1')!;
  const contact = portal.create('contacts', { email: 'undo@example.org', jobtitle: 'One' }, 'CRM_UI');
  const profile = await until('the profile', () => account.holder({ email: 'undo@example.org' })[0] ?? null);
  await settled(world, connectionId);
  portal.update('contacts', contact, { jobtitle: 'Two' }, 'CRM_UI');
  await until('the change', () => (profile.properties['Role'] === 'Two' ? true : null));
  await settled(world, connectionId);
  const changes = async (): Promise<{ id: string; field: string; newValue: unknown; undoneBy: string | null }[]> =>
    ((await world.call('GET', `/history?contactId=${contact.id}`)).json as { results: never[] }).results;
  const change = (await changes()).find(({ field: name, newValue }) => name === 'Role' && newValue === 'Two')!;
  const answer = await world.call('POST', `/history/${change.id}/undo`, {});
  expect(answer.status).toBe(202);
  await finished(connectionId, (answer.json as { runId: string }).runId);
  expect([profile.properties['Role'], contact.properties['jobtitle']]).toEqual(['One', 'Two']);
  expect((await changes()).find(({ id }) => id === change.id)?.undoneBy).not.toBe(null);
  await world.call('POST', `/contacts/${contact.id}/sync`);
  await settled(world, connectionId);
  expect(profile.properties['Role']).toBe('One');
  // An edit goes across again.
  portal.update('contacts', contact, { jobtitle: 'Three' }, 'CRM_UI');
  await until('the edit', () => (profile.properties['Role'] === 'Three' ? true : null));
  await settled(world, connectionId);
  profile.properties['Role'] = 'By hand';
  const shown = (await world.call('POST', `/contacts/${contact.id}/undo`, { dryRun: true })).json as {
    takesBack: { field: string }[];
    leftAlone: { field: string; reason: string; message: string }[];
  };
  expect(shown.leftAlone).toContainEqual({
    email: 'undo@example.org',
    field: 'Role',
    reason: 'edited_since',
    message: expect.any(String),
  });
});

test('F13: a run that would create more than the ceiling rests before it does, and goes on when the ceiling is raised', async () => {
  await world.call('DELETE', `/connections/${connectionId}`);
  const portal = world.hubspot.portals.get(world.portalId)!;
  const account = world.klaviyo.accounts.get('TANDM1')!;
  for (let n = 0; n < 30; n += 1) portal.create('contacts', { email: `costly${n}@example.org` }, 'CRM_UI');
  const profiles = account.profiles.size;
  const id = await draftConnection(world, { klaviyoAccountId, name: 'Careful', options: { maxNewRecords: 10 } });
  await activateConnection(world, id);
  const paused = await until('the run to rest', async () => {
    const connection = (await world.call('GET', `/connections/${id}`)).json as { state: string; stateReason: string };
    return connection.state === 'paused' ? connection : null;
  });
  expect(paused.stateReason).toBe('max_new_records');
  expect(account.profiles.size).toBeLessThanOrEqual(profiles + 10);
  await world.call('PATCH', `/connections/${id}`, { options: { maxNewRecords: null } });
  expect((await world.call('POST', `/connections/${id}/resume`)).status).toBe(202);
  await settled(world, id);
  expect(account.holder({ email: 'costly29@example.org' })).toHaveLength(1);
  const { banners } = (await world.call('GET', '/overview')).json as { banners: unknown[] };
  expect(banners).toEqual([]);
});

interface Parity {
  checkedPairs: number;
  comparedValues: number;
  agreeing: number;
  drift: number;
  differences: { field: string; because: string; message: string }[];
  worstLagSeconds: number;
  complete: boolean;
  checkedAt: string | null;
}

/** Values that audits found different and nobody had noticed, as operators see them. */
const drift = async (): Promise<number> => {
  const text = await (await fetch(`${world.backend}/metrics`)).text();
  return Number(/^tandem_drift_values_total (\d+)/m.exec(text)?.[1] ?? 0);
};

test('F10: differences planted behind the service’s back are all found, said and repaired; the rest agrees', async () => {
  expect((await world.call('PATCH', '/account', { alertEmail: 'ops@example.org' })).status).toBe(200);
  const portal = world.hubspot.portals.get(world.portalId)!;
  const account = world.klaviyo.accounts.get('TANDM1')!;
  const { results } = (await world.call('GET', '/connections')).json as { results: { id: string; state: string }[] };
  const { id } = results.find(({ state }) => state === 'active')!;
  await settled(world, id);
  const pairs = await world.database.db.query<{ hubspot_id: string; klaviyo_id: string }>(
    'select hubspot_id, klaviyo_id from link order by id limit 50',
  );
  const before = await drift();
  // No webhook, no modified time: nobody is told. Field sweeps look twice at what was edited seconds ago: not at these pairs.
  await world.database.db.query(
    `update link set synced_at = later, hubspot_modified_at = later, klaviyo_modified_at = later
     from (select now() + interval '1 hour' as later) as x`,
  );
  for (const [n, pair] of pairs.entries()) {
    if (n % 2 === 0) portal.contacts.get(pair.hubspot_id)!.properties['firstname'] = `Planted ${n}`;
    else account.profiles.get(pair.klaviyo_id)!.first_name = `Planted ${n}`;
  }
  // A round may have been under way when they were planted: it takes two then.
  await until('all of them to be found', async () => ((await drift()) - before >= 50 ? true : null), 40_000);
  await settled(world, id);
  expect((await drift()) - before).toBe(50);
  const parity = (await world.call('GET', `/connections/${id}/parity`)).json as Parity;
  expect(parity.complete).toBe(true);
  expect(parity.agreeing + parity.differences.length).toBe(parity.comparedValues);
  expect(parity.checkedPairs).toBeGreaterThan(150);
  expect(parity.differences.every(({ message }) => message.length > 10)).toBe(true);
  for (const [n, pair] of pairs.entries()) {
    await until('the repair', () =>
      portal.contacts.get(pair.hubspot_id)?.properties['firstname'] === `Planted ${n}` &&
      account.profiles.get(pair.klaviyo_id)?.first_name === `Planted ${n}`
        ? true
        : null,
    );
  }
}, 60_000);

interface Explanation {
  contact: { email: string | null; hubspotId: string | null; klaviyoId: string | null };
  steps: { step: string; decision: string; because: string; detail: Record<string, unknown> }[];
}
const why = async (query: string): Promise<Explanation> => {
  const answer = await world.call('GET', `/explain?${query}`);
  expect(answer.status).toBe(200);
  return answer.json as Explanation;
};

test('F11: why: of somebody in sync, of somebody who is skipped, of somebody who is nowhere', async () => {
  const [pair] = await world.database.db.query<{ hubspot_id: string; klaviyo_id: string; email: string }>(
    'select hubspot_id, klaviyo_id, email from link order by id limit 1',
  );
  const portal = world.hubspot.portals.get(world.portalId)!;
  const contact = portal.create('contacts', { email: 'main@example.org' }, 'CRM_UI');
  portal.addEmail(contact, 'second@example.org');
  await until('the contact in Klaviyo', async () =>
    (await world.database.db.query(`select from link where email = 'main@example.org'`)).length === 1 ? true : null,
  );
  const { results } = (await world.call('GET', '/connections')).json as { results: { id: string; state: string }[] };
  const active = results.find(({ state }) => state === 'active')!;
  await settled(world, active.id);
  // Nothing but the questions below happens now.
  expect((await world.call('POST', `/connections/${active.id}/pause`)).status).toBe(202);
  const before = writes();
  const known = await why(`email=${encodeURIComponent(pair!.email)}`);
  expect(known.contact).toEqual({ email: pair!.email, hubspotId: pair!.hubspot_id, klaviyoId: pair!.klaviyo_id });
  const steps = new Set(known.steps.map(({ step }) => step));
  for (const step of [
    'HubSpot',
    'Klaviyo',
    'rule HubSpot → Klaviyo',
    'rule Klaviyo → HubSpot',
    'scope',
    'link',
    'state',
    'field',
    'consent',
    'history',
  ])
    expect([step, steps.has(step)]).toEqual([step, true]);
  const field = known.steps.find(({ step, detail }) => step === 'field' && detail['hubspotField'] === 'firstname')!;
  expect(field).toMatchObject({
    decision: 'no write',
    because: 'Both sides agree.',
    detail: { base: 'Planted 0', winner: 'hubspot' },
  });
  expect((await why(`hubspotId=${pair!.hubspot_id}`)).contact.email).toBe(pair!.email);

  const alias = await why('email=second%40example.org');
  expect(alias.steps.find(({ step }) => step === 'HubSpot')?.because).toMatch(/additional addresses/);

  const nobody = await why('email=nobody%40example.org');
  expect(nobody.contact).toEqual({ email: 'nobody@example.org', hubspotId: null, klaviyoId: null });
  expect(nobody.steps.map(({ step, decision }) => [step, decision])).toEqual(
    expect.arrayContaining([
      ['HubSpot', 'not found'],
      ['Klaviyo', 'not found'],
    ]),
  );
  expect(nobody.steps.every(({ because }) => because.length > 5)).toBe(true);
  expect(writes()).toBe(before);
  expect((await world.call('GET', '/explain')).status).toBe(400);
});

test('F14: the owner is told of each alert once, under the email they set', async () => {
  // What was put right before anybody could be told is not told.
  await until('the alerts', () => (told.some(({ code }) => code === 'drift') ? true : null));
  expect(told.filter(({ code }) => code === 'drift')).toHaveLength(1);
  expect(told.at(-1)).toMatchObject({ to: 'ops@example.org', message: expect.stringContaining('values differed') });
});
