import { describe, expect, test } from '@jest/globals';
import { Alert, BarChart, EmptyState, Link, StatusTag, TableRow } from '@hubspot/ui-extensions';
import type { SyncState } from '../../../hubspot-app/app/cards/card-types.js';
import { ContactSidebar } from '../../../hubspot-app/app/cards/contact/ContactSidebar.js';
import { ContactTab } from '../../../hubspot-app/app/cards/contact/ContactTab.js';
import { words } from '../../../hubspot-app/app/cards/words.js';
import {
  activityOf,
  contactOf,
  drawCard,
  openCardStand,
  press,
  quiet,
  sees,
  textOf,
  type CardStand,
  type Drawn,
} from './cards-stand.js';
import { refusal } from './settings-stand.js';

const path = 'GET /contacts/101';
function openTab(stand: CardStand): Drawn {
  return drawCard(stand, <ContactTab />, 'crm.record.tab');
}
function openWith(part: Parameters<typeof contactOf>[0]): { stand: CardStand; card: Drawn } {
  const stand = openCardStand();
  stand.on(path, () => ({ body: contactOf(part) }));
  return { stand, card: openTab(stand) };
}
const standing = (state: SyncState, message: string, lastSyncedAt: string | null = null) => ({
  sync: { state, reason: { code: state, message }, klaviyoUrl: null, lastSyncedAt },
});
const issue = {
  id: '7',
  code: 'invalid_phone',
  title: 'Phone number cannot be converted',
  detail: '“0171 1” has no country.',
  fix: 'Write it with its country code.',
};

describe('F7: the contact tab', () => {
  test('in sync: state, last activity, counts, subscription, lists, chart, latest activities, links', async () => {
    const { card } = openWith({});
    await sees(card, 'In sync');
    const text = textOf(card);
    for (const said of [
      'Last synced 3 minutes ago',
      'Clicked “Autumn sale” 3 days ago',
      'Received 12',
      'Opened 5',
      'Clicked 2',
      'Subscribed',
      'Customers',
      'Warm socks, 20 % off',
      'shop.example/socks',
      'at 2026-11-20T12:00:00Z',
    ])
      expect(text).toContain(said);
    expect(text).not.toContain('Bounced');
    expect(card.findAll(Link).map(({ props }) => props.href)).toEqual([
      { url: 'https://www.klaviyo.com/profile/01K', external: true },
      { url: 'https://www.shop.example/socks?utm_source=mail', external: true },
      { url: 'https://www.klaviyo.com/campaign/C1', external: true },
      { url: 'https://www.klaviyo.com/campaign/C1', external: true },
    ]);
    expect(card.find(BarChart).props.data).toEqual([
      { Day: '2026-11-19', Emails: 2, Activity: 'Received' },
      { Day: '2026-11-20', Emails: 1, Activity: 'Received' },
      { Day: '2026-11-19', Emails: 1, Activity: 'Opened' },
      { Day: '2026-11-20', Emails: 1, Activity: 'Opened' },
      { Day: '2026-11-20', Emails: 1, Activity: 'Clicked' },
    ]);
    expect(card.findAll(TableRow)).toHaveLength(3);
    expect(card.findAll(Alert)).toHaveLength(0);
  });

  test.each<[SyncState, string, string]>([
    ['waiting', 'Waiting', 'A change is waiting to be synced.'],
    ['skipped', 'Not in sync', 'The contact has no email address.'],
    ['failed', 'Needs attention', 'The email belongs to another profile.'],
    ['unlinked', 'Not in Klaviyo', 'No connection has brought this contact into sync.'],
    ['not_in_scope', 'Not in scope', 'The contact matches no rule any more.'],
  ])('%s: says so, and why in words', async (state, label, reason) => {
    const { card } = openWith(standing(state, reason));
    await sees(card, reason);
    expect(card.findAll(StatusTag)[0]?.text).toBe(label);
    expect(textOf(card)).toContain('Never synced');
    expect(textOf(card)).not.toContain(words.openKlaviyo);
  });

  test('an open issue stands with what to do; Retry tries it again and looks', async () => {
    const { stand, card } = openWith({ ...standing('failed', 'A value does not fit.'), issues: [issue] });
    let tried = false;
    stand.on('POST /issues/7/retry', () => {
      tried = true;
      return { status: 202, body: issue };
    });
    stand.on(path, () => ({
      body: contactOf(tried ? {} : { ...standing('failed', 'A value does not fit.'), issues: [issue] }),
    }));
    await sees(card, issue.title);
    expect(textOf(card)).toContain(issue.detail);
    expect(textOf(card)).toContain(`What to do: ${issue.fix}`);
    // Said once: the issue says more than the reason.
    expect(textOf(card)).not.toContain('A value does not fit.');
    await press(card, 'Retry');
    await sees(card, 'In sync');
    expect(stand.told).toEqual([['success', words.retried]]);
    expect(textOf(card)).not.toContain(issue.title);
  });

  test('of many issues it shows two and says how many there are; a retry that fails says why', async () => {
    const issues = ['7', '8', '9', '10'].map((id) => ({ ...issue, id, title: `Issue ${id}` }));
    const { stand, card } = openWith({ issues });
    stand.on('POST /issues/7/retry', () => refusal(409, 'busy', 'It is being synced.', 'Wait a moment.'));
    await sees(card, 'Issue 8');
    expect(textOf(card)).not.toContain('Issue 9');
    expect(textOf(card)).toContain('And 2 other issues: see');
    await press(card, 'Retry');
    await sees(card, 'It is being synced.');
    expect(textOf(card)).toContain('Wait a moment.');
  });

  test.each(['on', 'paused', 'off'] as const)('no email yet, the sync of activity %s', async (state) => {
    const { card } = openWith({ ...quiet, emailActivity: { ...quiet.emailActivity, state } });
    await sees(card, 'No email sent yet');
    expect(textOf(card)).toContain(words.empty.contact[state]);
    expect(card.findAll(EmptyState)).toHaveLength(1);
    expect(card.findAll(BarChart)).toHaveLength(0);
    expect(card.findAll(TableRow)).toHaveLength(0);
    // The sync state is told all the same.
    expect(textOf(card)).toContain('In sync');
  });

  test('E3: what machines did is not counted and marked; corrections are told', async () => {
    const { card } = openWith({
      totals: { ...quiet.totals, sent: 1, leftOut: { machineOpens: 1, botClicks: 12 } },
      latest: [
        activityOf({
          type: 'opened',
          bot: true,
          because: 'A known mail scanner did this.',
          correction: 'It was a person.',
        }),
        activityOf({ type: 'delivered', at: '2026-11-23T11:59:30Z' }),
      ],
    });
    await sees(card, 'Not counted: 1 open by a mail program and 12 clicks by link scanners.');
    // The headline is what a person did.
    expect(textOf(card)).toContain('Received “Autumn sale” just now');
    expect(textOf(card)).toContain('by a machine A known mail scanner did this. It was a person.');
  });

  test('bad news is counted when there is some', async () => {
    const { card } = openWith({ totals: { ...quiet.totals, sent: 3, bounced: 1, unsubscribed: 1, spam: 1 } });
    await sees(card, 'Bounced 1');
    expect(textOf(card)).toContain('Unsubscribed 1');
    expect(textOf(card)).toContain('Marked as spam 1');
  });

  test('E2: app events not approved: the card says that the timeline waits', async () => {
    const { card } = openWith({
      emailActivity: { state: 'on', timeline: { approved: false, message: 'HubSpot has not approved it.' } },
    });
    await sees(card, `${words.timeline}: HubSpot has not approved it.`);
  });

  test.each(['paused', 'off'] as const)('a sync of activity that is %s is told beside what is known', async (state) => {
    const { card } = openWith({ emailActivity: { ...quiet.emailActivity, state } });
    await sees(card, words.missing[state]);
    expect(textOf(card)).toContain('Clicked “Autumn sale” 3 days ago');
  });

  test('nothing is known of subscription and lists: it says so instead of guessing', async () => {
    const { card } = openWith({ subscription: null, listNames: [] });
    await sees(card, words.noLists);
    expect(textOf(card)).toContain(words.subscriptionOf(null, false));
  });

  test('G3: what an event calls a link is one only if it leads to a page', async () => {
    const latest = ['javascript:alert(1)', 'data:text/html,x', ' https://a.example', 'file:///etc'].map((url) =>
      activityOf({ url, campaignUrl: null }),
    );
    const { card } = openWith({ latest });
    await sees(card, 'javascript:alert(1)');
    expect(card.findAll(Link)).toHaveLength(1);
  });

  test('an email without name and subject is still an email', async () => {
    const { card } = openWith({ latest: [activityOf({ message: null, subject: null, url: null, campaignUrl: null })] });
    await sees(card, words.latest.noName);
    expect(textOf(card)).toContain('Clicked 3 days ago');
  });
});

describe('F7: the contact sidebar', () => {
  const open = (part: Parameters<typeof contactOf>[0]): Drawn => {
    const stand = openCardStand();
    stand.on(path, () => ({ body: contactOf(part) }));
    return drawCard(stand, <ContactSidebar />, 'crm.record.sidebar');
  };

  test('is the short form: state, last activity, three numbers, subscription; no chart, no table', async () => {
    const card = open({});
    await sees(card, 'Clicked “Autumn sale” 3 days ago');
    for (const said of ['In sync', 'Received 12', 'Opened 5', 'Clicked 2', 'Email marketing: Subscribed', 'Sync now'])
      expect(textOf(card)).toContain(said);
    expect(card.findAll(BarChart)).toHaveLength(0);
    expect(card.findAll(TableRow)).toHaveLength(0);
  });

  test('says why a contact is not in sync and that there was no email', async () => {
    const card = open({ ...quiet, ...standing('not_in_scope', 'It matches no rule.') });
    await sees(card, 'It matches no rule.');
    expect(textOf(card)).toContain('No email sent yet');
  });

  test('shows the open issue with its fix', async () => {
    const card = open({ issues: [issue] });
    await sees(card, issue.fix);
  });
});
