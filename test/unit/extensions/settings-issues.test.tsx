import { describe, expect, test } from '@jest/globals';
import { Button, Link, LoadingButton, Select, TableRow } from '@hubspot/ui-extensions';
import type { Issue } from '../../../hubspot-app/app/settings/api-types.js';
import { words } from '../../../hubspot-app/app/settings/words.js';
import { drafted, serveContacts } from './settings-contact-service.js';
import { labelled, modalOf, openPage, openTab, press, sees, type Page } from './settings-drawn.js';
import { drawnText, eventually, openStand, refusal, until, type Stand } from './settings-stand.js';

const text = words.issues;
const issue = (at: number, part: Partial<Issue> = {}): Issue => ({
  id: `I${at}`,
  connectionId: 'C1',
  code: 'invalid_phone',
  title: 'Phone number cannot be converted',
  detail: `“0171 ${at}” has no country.`,
  fix: 'Write the number with its country code.',
  contact: { email: `p${at}@example.com`, hubspotId: '7', klaviyoId: null, hubspotUrl: 'https://app.hubspot.com/c/7' },
  firstSeenAt: '2026-11-23T10:00:00Z',
  lastSeenAt: '2026-11-23T11:00:00Z',
  attempts: 2,
  repair: null,
  ...part,
});

function serveIssues(stand: Stand, issues: Issue[]): void {
  serveContacts(stand, drafted({ state: 'active' }));
  stand.on('GET', /^\/issues\/groups/, () => ({
    body: {
      results:
        issues.length === 0
          ? []
          : [
              {
                code: 'invalid_phone',
                title: 'Phone number cannot be converted',
                fix: 'Write the number with its country code.',
                count: issues.length,
                connectionId: 'C1',
              },
            ],
      next: null,
    },
  }));
  stand.on('GET', /^\/issues\?/, ({ path }) => {
    const query = new URLSearchParams(path.split('?')[1]);
    const start = Number(query.get('cursor') ?? 0);
    const end = start + Number(query.get('limit'));
    return { body: { results: issues.slice(start, end), next: end < issues.length ? String(end) : null } };
  });
}
async function openIssues(stand: Stand): Promise<Page> {
  const page = openPage(stand);
  await sees(page, words.overview.connections);
  await openTab(page, 'issues');
  await sees(page, text.intro);
  return page;
}

describe('the issues', () => {
  test('F5: grouped by cause with the fix; 5,000 contacts a page at a time', async () => {
    const stand = openStand();
    serveIssues(
      stand,
      Array.from({ length: 5_000 }, (_, at) => issue(at)),
    );
    const page = await openIssues(stand);
    await sees(page, '5,000');
    await sees(page, 'Write the number with its country code.');
    await press(page, text.show);
    await eventually(() => expect(page.findAll(TableRow)).toHaveLength(26));
    expect(page.findAll(Link)[1]?.props.href).toEqual({ url: 'https://app.hubspot.com/c/7', external: true });
    await press(page, words.common.more);
    await eventually(() => expect(page.findAll(TableRow)).toHaveLength(51));
    await press(page, words.common.more);
    await eventually(() => expect(page.findAll(TableRow)).toHaveLength(76));
    expect(stand.of('GET', /^\/issues\?/).map(({ path }) => path)).toEqual([
      '/issues?connectionId=C1&code=invalid_phone&limit=25',
      '/issues?connectionId=C1&code=invalid_phone&cursor=25&limit=25',
      '/issues?connectionId=C1&code=invalid_phone&cursor=50&limit=25',
    ]);
  });

  test('F5: retry all says what it does, then does it for that cause', async () => {
    const stand = openStand();
    serveIssues(stand, [issue(1), issue(2)]);
    stand.on('POST', /^\/issues\/retry$/, () => ({ status: 202, body: { retried: 2 } }));
    const page = await openIssues(stand);
    const modal = await modalOf(page, text.retryAll);
    expect(modal.text()).toContain('Nobody is subscribed, unsubscribed or deleted by this.');
    modal.confirm();
    await until('told', () => stand.told.some(({ message }) => message === text.retriedMany(2)));
    expect(stand.of('POST', /retry/)[0]?.body).toEqual({ connectionId: 'C1', code: 'invalid_phone' });
    expect(stand.closed).toEqual(['retry-C1-invalid_phone']);
  });

  test('F5: retry and ignore one; the list is read again', async () => {
    const stand = openStand();
    const issues = [issue(1)];
    serveIssues(stand, issues);
    stand.on('POST', /^\/issues\/I1\/retry$/, () => ({ status: 202, body: issue(1) }));
    stand.on('POST', /^\/issues\/I1\/ignore$/, () => {
      issues.pop();
      return { status: 202, body: issue(1) };
    });
    const page = await openIssues(stand);
    await press(page, text.show);
    await press(page, text.retry);
    await until('told', () => stand.told.at(-1)?.message === text.retried);
    const modal = await modalOf(page, text.ignore);
    modal.confirm();
    await sees(page, text.none);
    await press(page, text.backToCauses);
    await sees(page, text.intro);
  });

  test('D8: an issue with a repair shows what it does and asks for the country it needs', async () => {
    const stand = openStand();
    serveIssues(stand, [
      issue(1, {
        repair: {
          kind: 'phone_region',
          label: 'Read the number in another country',
          does: 'Reads “0171 1” as a number of the country you choose.',
          asks: 'region',
        },
      }),
    ]);
    stand.on('POST', /^\/issues\/I1\/repair$/, () => ({ status: 202, body: issue(1) }));
    const page = await openIssues(stand);
    await press(page, text.show);
    const modal = await modalOf(page, 'Read the number in another country');
    expect(modal.text()).toContain('as a number of the country you choose');
    modal
      .find()
      .find(Select)
      .trigger('onChange', 'DE' as never);
    await until('chosen', () => modal.find().find(Select).props.value === 'DE');
    modal.confirm();
    await until('repaired', () => stand.of('POST', /repair$/).length === 1);
    expect(stand.of('POST', /repair$/)[0]?.body).toEqual({ region: 'DE' });
  });

  test('a refused action stays in its modal with what to do', async () => {
    const stand = openStand();
    serveIssues(stand, [issue(1)]);
    stand.on('POST', /^\/issues\/retry$/, () =>
      refusal(429, 'too_many_requests', 'Too many requests.', 'Wait a minute.'),
    );
    const page = await openIssues(stand);
    const modal = await modalOf(page, text.retryAll);
    modal.confirm();
    await eventually(() => expect(modal.text()).toContain('Too many requests. Wait a minute.'));
    expect(stand.closed).toEqual([]);
  });

  test('F5: a file of all issues, or of one cause, by a link that is offered while it works', async () => {
    const stand = openStand();
    serveIssues(stand, [issue(1)]);
    stand.on('POST', /^\/issues\/csv-link$/, () => ({
      status: 201,
      body: { url: 'https://service.example/downloads/issues.csv?ticket=x', expiresAt: '2026-11-23T12:05:00Z' },
    }));
    const page = await openIssues(stand);
    await press(page, text.file);
    await eventually(() => page.find(Button, labelled(text.download)));
    expect(page.find(Button, labelled(text.download)).props.href).toEqual({
      url: 'https://service.example/downloads/issues.csv?ticket=x',
      external: true,
    });
    stand.tick();
    await eventually(() => page.find(LoadingButton, labelled(text.file)));
    await press(page, text.show);
    await press(page, text.file);
    await until('asked', () => stand.of('POST', /csv-link/).length === 2);
    expect(stand.of('POST', /csv-link/).map(({ body }) => body)).toEqual([
      {},
      { connectionId: 'C1', code: 'invalid_phone' },
    ]);
  });

  test('without issues it says that all is well', async () => {
    const stand = openStand();
    serveIssues(stand, []);
    const page = await openIssues(stand);
    await sees(page, text.noneText);
    expect(page.maybeFind(Button, labelled(text.retryAll))).toBeNull();
    expect(drawnText(page.getRootNode())).toContain(text.none);
  });
});
