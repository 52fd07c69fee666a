import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { openIssues, type NewIssue } from '../../../server/store/issues.js';
import request from 'supertest';
import { connectByKey, openApiWorld, publicUrl, type ApiWorld } from './api-world.js';

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

const issue = (n: number, more: Partial<NewIssue> = {}): NewIssue => ({
  connectionId,
  code: 'invalid_phone',
  side: 'hubspot',
  recordId: String(1000 + n),
  field: 'phone',
  title: 'Phone number cannot be converted',
  detail: `“12 34 ${n}” is no phone number.`,
  fix: 'Write it with its country code.',
  hubspotId: String(1000 + n),
  klaviyoId: null,
  email: `person${n}@example.com`,
  ...more,
});
const open = (...issues: NewIssue[]): Promise<void> => openIssues(world.database.db, world.portalId, issues);
beforeEach(async () => {
  await world.database.db.query('delete from issue');
  world.noticed.length = 0;
});

interface IssueBody {
  id: string;
  code: string;
  contact: { email: string | null; hubspotId: string | null; hubspotUrl: string | null };
}
const list = async (query = ''): Promise<{ results: IssueBody[]; next: string | null }> =>
  (await world.call('GET', `/issues${query}`)).body as { results: IssueBody[]; next: string | null };

describe('issues', () => {
  test('F5: each says what happened, to which contact, how to fix it, with a link to the record', async () => {
    await open(issue(1));
    expect((await list()).results).toEqual([
      {
        id: expect.any(String),
        connectionId,
        code: 'invalid_phone',
        title: 'Phone number cannot be converted',
        detail: '“12 34 1” is no phone number.',
        fix: 'Write it with its country code.',
        contact: {
          email: 'person1@example.com',
          hubspotId: '1001',
          klaviyoId: null,
          hubspotUrl: expect.stringMatching(new RegExp(`^https://[^/]+/contacts/${world.portalId}/record/0-1/1001$`)),
        },
        firstSeenAt: expect.stringMatching(/^\d{4}-.*Z$/),
        lastSeenAt: expect.stringMatching(/^\d{4}-.*Z$/),
        repair: null,
        attempts: 1,
      },
    ]);
  });

  test('filters and pages join to the whole', async () => {
    for (let n = 0; n < 7; n += 1) await open(issue(n));
    await open(issue(9, { code: 'option_missing' }));
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page: Awaited<ReturnType<typeof list>> = await list(
        `?limit=3&code=invalid_phone${cursor === '' ? '' : `&cursor=${cursor}`}`,
      );
      seen.push(...page.results.map((one) => one.contact.hubspotId ?? ''));
      cursor = page.next;
    }
    expect(seen).toEqual(Array.from({ length: 7 }, (_, n) => String(1000 + n)));
    expect((await list(`?connectionId=${connectionId}&code=option_missing`)).results).toHaveLength(1);
    expect((await list('?connectionId=00000000-0000-4000-8000-000000000000')).results).toEqual([]);
  });

  test('F5: groups by cause, the most frequent first', async () => {
    await open(issue(1, { code: 'option_missing' }), issue(2), issue(3));
    const body: unknown = (await world.call('GET', '/issues/groups')).body;
    expect(body).toMatchObject({
      results: [
        { code: 'invalid_phone', count: 2, connectionId },
        { code: 'option_missing', count: 1 },
      ],
      next: null,
    });
  });

  test('F5: the CSV holds every issue, and no cell is a formula', async () => {
    await open(
      ...Array.from({ length: 205 }, (_, n) => issue(n)),
      issue(999, { email: '=HYPERLINK("https://evil.test")', detail: 'two\nlines, and "quotes"' }),
    );
    const answer = await world.call('GET', '/issues.csv');
    expect([answer.status, answer.type, answer.headers['content-disposition']]).toEqual([
      200,
      'text/csv',
      'attachment; filename=issues.csv',
    ]);
    expect(answer.text.match(/invalid_phone/g)).toHaveLength(206);
    expect(answer.text).toContain(`"'=HYPERLINK(""https://evil.test"")"`);
    expect(answer.text).toContain('"two\nlines, and ""quotes"""');
  });

  test('F5: 5,000 issues are a file that the browser downloads, with a link for some minutes', async () => {
    await world.database.db.query(
      `insert into issue (portal_id, connection_id, code, side, record_id, title, detail, fix, email)
       select $1, $2, 'invalid_phone', 'hubspot', n::text, 'Phone number cannot be converted', repeat('x', 200), 'Write it with its country code.', 'person' || n || '@example.com'
       from generate_series(1, 5000) n`,
      [world.portalId, connectionId],
    );
    const linked = await world.call('POST', '/issues/csv-link', { code: 'invalid_phone' });
    const { url } = linked.body as { url: string };
    const path = url.replace(publicUrl, '');
    const file = await request(world.app).get(path);
    expect([file.status, file.type, file.headers['content-disposition'], file.headers['cache-control']]).toEqual([
      200,
      'text/csv',
      'attachment; filename=issues.csv',
      'no-store',
    ]);
    expect(file.text.match(/invalid_phone/g)).toHaveLength(5000);
    expect(Buffer.byteLength(file.text)).toBeGreaterThan(1_048_576);
    // Spreadsheets read a file as UTF-8 only with this mark.
    expect(file.text.startsWith('\ufeff')).toBe(true);
    const other = await world.call('POST', '/issues/csv-link', {}, { portalId: world.otherPortalId });
    const foreign = await request(world.app).get((other.body as { url: string }).url.replace(publicUrl, ''));
    expect(foreign.text).not.toContain('invalid_phone');
  });

  test('A1, G3: a download link that is changed, made up or too old opens nothing', async () => {
    const { url } = (await world.call('POST', '/issues/csv-link', {})).body as { url: string };
    const path = url.replace(publicUrl, '');
    const [payload = '', seal = ''] = new URL(url).searchParams.get('ticket')!.split('.');
    const forged = Buffer.from(
      Buffer.from(payload, 'base64url').toString().replace(world.portalId, world.otherPortalId),
    ).toString('base64url');
    for (const ticket of [`${forged}.${seal}`, `${payload}.`, payload, '', 'x.y', `${payload}.${seal}.${seal}`])
      expect([ticket, (await request(world.app).get(`/downloads/issues.csv?ticket=${ticket}`)).status]).toEqual([
        ticket,
        403,
      ]);
    world.now.offsetMs = 301_000;
    const late = await request(world.app).get(path);
    world.now.offsetMs = 0;
    expect([late.status, (late.body as { error: { fix: string } }).error.fix]).toEqual([
      403,
      'Ask for a new one under “Issues” on the settings page in HubSpot.',
    ]);
    expect((await request(world.app).get(path)).status).toBe(200);
  });

  test('F5: retry puts the record before everything else; ignore sets the issue aside', async () => {
    await open(issue(1));
    await open(issue(2));
    const [first, second] = (await list()).results;
    expect((await world.call('POST', `/issues/${first?.id ?? ''}/retry`)).status).toBe(202);
    expect(world.noticed).toEqual([
      { portalId: world.portalId, side: 'hubspot', recordId: '1001', priority: 0, cause: 'retry' },
    ]);
    const ignored = await world.call('POST', `/issues/${second?.id ?? ''}/ignore`);
    expect([ignored.status, ignored.body]).toMatchObject([202, { id: second?.id }]);
    expect((await list()).results.map((one) => one.id)).toEqual([first?.id]);
    expect((await world.call('POST', `/issues/${second?.id ?? ''}/ignore`)).status).toBe(202);
  });

  test('F5: retry all, of a cause, of a connection', async () => {
    await open(
      ...Array.from({ length: 3 }, (_, n) => issue(n)),
      issue(9, { code: 'option_missing' }),
      issue(10, { recordId: '', code: 'field_missing' }),
    );
    expect((await world.call('POST', '/issues/retry', { code: 'option_missing' })).body).toEqual({ retried: 1 });
    expect((await world.call('POST', '/issues/retry', { connectionId })).body).toEqual({ retried: 4 });
    expect((await world.call('POST', '/issues/retry', {})).body).toEqual({ retried: 4 });
    expect(world.noticed).toHaveLength(9);
    expect(await world.call('POST', '/issues/retry', { colour: 1 })).toMatchObject({
      status: 400,
      body: { error: { code: 'unknown_field' } },
    });
  });

  test('A1: another portal sees and touches none of them', async () => {
    await open(issue(1));
    const [first] = (await list()).results;
    const other = { portalId: world.otherPortalId };
    expect((await world.call('GET', '/issues', undefined, other)).body).toEqual({ results: [], next: null });
    expect((await world.call('GET', '/issues/groups', undefined, other)).body).toEqual({ results: [], next: null });
    expect((await world.call('GET', '/issues.csv', undefined, other)).text).not.toContain('person1');
    for (const action of ['retry', 'ignore']) {
      expect((await world.call('POST', `/issues/${first?.id ?? ''}/${action}`, undefined, other)).status).toBe(404);
      expect((await world.call('POST', `/issues/nothing/${action}`)).status).toBe(404);
    }
    expect((await world.call('POST', '/issues/retry', {}, other)).body).toEqual({ retried: 0 });
    expect([world.noticed, (await list()).results.length]).toEqual([[], 1]);
  });
});
