import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { Connection, ContactConnection } from '../../hubspot-app/app/settings/api-types.js';
import { openStage, type Sight } from '../helpers/browser.js';
import { drafted } from '../unit/extensions/settings-contact-service.js';
import { accountOf, klaviyo, openStand, refusal, statusOf, type Stand } from '../unit/extensions/settings-stand.js';
import * as madeUp from './made-up.js';

/**
 * Every screen and card in every state, with much of everything: 400 lists, 900 properties, 5,000 issues, long names,
 * foreign scripts. Each is looked at by axe and measured; the pictures are for people.
 */
jest.setTimeout(90_000);
let sight: Sight;
let stand: Stand;
/** Requests of this kind wait for ever. */
let held: RegExp | null = null;
beforeAll(async () => {
  sight = await openStage((method, path, body) =>
    held?.test(path) === true ? null : stand.answer(method, path, body),
  );
}, 120_000);
afterAll(() => sight.close());
beforeEach(() => {
  held = null;
  sight.complaints.length = 0;
});

const button = (name: string) => sight.page.getByRole('button', { name, exact: true });
const click = (name: string): Promise<void> => button(name).first().click();
const tab = (name: string): Promise<void> => sight.page.getByRole('tab', { name, exact: true }).click();
const step = (name: string): Promise<void> => sight.page.locator('.steps button', { hasText: name }).click();
const sees = (text: string | RegExp): Promise<void> => sight.page.getByText(text).first().waitFor();
const shot = (name: string): Promise<void> => sight.picture(`state-${name}`);
/** A refused request is an error on the console of every browser; everything else is one of the page. */
const faultless = (): void =>
  expect(sight.complaints.filter((one) => !one.startsWith('Failed to load resource'))).toEqual([]);

/** Opens the page over a service that has much of everything, and one connection as given. */
async function open(connection: Connection | null, more: (to: Stand) => void = () => undefined): Promise<void> {
  stand = openStand();
  let current = connection;
  const { on } = stand;
  on('GET', /^\/account$/, () => ({ body: madeUp.fullAccount() }));
  on('GET', /^\/overview$/, () => ({
    body: { health: 'broken', banners: madeUp.banners, connections: madeUp.connections45 },
  }));
  on('GET', /^\/hubspot\/lists/, ({ path }) => ({ body: madeUp.pageOf(madeUp.lists400, path) }));
  on('GET', /^\/hubspot\/pipelines/, ({ path }) => ({ body: madeUp.pageOf(madeUp.pipelines50, path) }));
  on('GET', /^\/klaviyo-accounts\/\w+\/\w+/, ({ path }) => ({ body: madeUp.pageOf(madeUp.lists400, path) }));
  on('GET', /^\/fields/, () => ({ body: madeUp.fields900 }));
  on('GET', /^\/connections\/\w+$/, () => ({ body: current }));
  on('PATCH', /^\/connections\/\w+$/, ({ body }) => {
    if (current !== null) current = { ...current, ...(body as object) };
    return { body: current };
  });
  on('GET', /^\/connections\/\w+\/status$/, () => ({
    body: statusOf({
      state: current?.state ?? 'draft',
      stateReason: current?.stateReason ?? null,
      counts: { inSync: 1_204_877, waiting: 312, skipped: 25_000, failed: 5_000, engagements: 98_765 },
      skippedBy: madeUp.preview().skipped,
      lagSeconds: 340,
      lastSuccessAt: '2026-11-23T11:58:00Z',
      budget: { hubspot: 0.82, klaviyo: 0.04 },
      run: current?.state === 'initial_sync' ? madeUp.run() : null,
    }),
  }));
  on('GET', /^\/connections\/\w+\/runs/, ({ path }) => ({ body: madeUp.pageOf(madeUp.runs40, path) }));
  on('GET', /^\/issues\/groups/, () => ({ body: { results: madeUp.groups, next: null } }));
  on('GET', /^\/issues\?/, ({ path }) => ({ body: madeUp.pageOf(madeUp.issues5000, path) }));
  on('GET', /^\/history/, ({ path }) => ({ body: madeUp.pageOf(madeUp.history, path) }));
  more(stand);
  await sight.page.goto(sight.preview.url);
}
const one = (state: Connection['state'], part: Partial<ContactConnection> = {}): Connection => ({
  ...madeUp.ready,
  name: madeUp.longName,
  state,
  ...part,
});
/** The account whose only connection is the one looked at. */
const only = (to: Stand, connection: Connection): void => {
  const { id, name, type, state, stateReason } = connection;
  to.on('GET', /^\/account$/, () => ({ body: accountOf({ connections: [{ id, name, type, state }] }) }));
  to.on('GET', /^\/overview$/, () => ({
    body: { health: 'good', banners: [], connections: [{ ...statusOf({ state, stateReason }), id, name, type }] },
  }));
};
const resume = async (connection: Connection, more: (to: Stand) => void = () => undefined): Promise<void> => {
  await open(connection, (to) => {
    only(to, connection);
    more(to);
  });
  await click('Continue set-up');
};
const openOne = async (connection: Connection, more: (to: Stand) => void = () => undefined): Promise<void> => {
  await open(connection, (to) => {
    only(to, connection);
    more(to);
  });
  await sight.page.locator('td a').first().click();
  await sees('← All connections');
};

describe('the first screen', () => {
  test('loading; nothing installed; 45 connections in every state with banners; all well; nothing left', async () => {
    held = /account/;
    await open(null);
    await sees('Loading');
    await shot('page-loading');
    held = null;
    await open(null, (to) => to.on('GET', /^\/account$/, () => refusal(403, 'not_installed', 'Gone', 'Install')));
    await sees('Install again');
    await shot('page-not-installed');
    await open(null);
    await sees('Something is broken and needs you');
    await shot('overview-45-connections');
    await click('More');
    await button('Pause').waitFor();
    await shot('overview-menu');
    await click('Delete');
    await sight.page.getByRole('dialog').waitFor();
    await shot('overview-delete');
    await sight.page.keyboard.press('Escape');
    await sight.page.getByRole('dialog').waitFor({ state: 'detached' });
    await click('Next ›');
    await sees('Customers of shop 30');
    const well = one('active', { name: 'Customers' });
    await open(well, (to) => only(to, well));
    await sees('Everything is in sync');
    await shot('overview-all-well');
    await open(null, (to) => {
      to.on('GET', /^\/account$/, () => ({ body: accountOf({ connections: [madeUp.fullAccount().connections[0]!] }) }));
      to.on('GET', /^\/overview$/, () => ({ body: { health: 'good', banners: [], connections: [] } }));
    });
    await sees('No connection yet');
    await shot('overview-no-connection');
    faultless();
  });
});

describe('the set-up of contacts', () => {
  test('a refused key, the login elsewhere, several accounts', async () => {
    await open(null, (to) => {
      to.on('GET', /^\/account$/, () => ({ body: accountOf({ klaviyoAccounts: [] }) }));
      to.on('POST', /^\/klaviyo-accounts$/, () =>
        refusal(
          422,
          'missing_scope',
          'The key lacks the scopes profiles:write, lists:write.',
          'Create a key with full access, or add these scopes to it.',
        ),
      );
      to.on('POST', /oauth-link$/, () => ({ status: 201, body: { url: 'https://service.example/x', expiresAt: '' } }));
    });
    await sight.page.getByLabel('Private API key').fill('pk_wrong');
    await click('Connect');
    await sees('The key lacks the scopes');
    await click('Scopes for a custom key');
    await click('Connect with Klaviyo login');
    await sees('Waiting until you have agreed in Klaviyo.');
    await shot('connect-refused-and-waiting');
    await open(null, (to) => to.on('GET', /^\/account$/, () => ({ body: madeUp.fullAccount({ connections: [] }) })));
    await sight.page.getByLabel('Klaviyo account').waitFor();
    await shot('connect-several');
    faultless();
  });

  test('rules over 400 lists, what is missing, and rules that were kept half done', async () => {
    await resume(
      drafted({
        unsaved: {
          step: 'who',
          at: '2026-11-22T09:00:00Z',
          form: {
            version: 1,
            hubspotRules: [
              { source: { hubspotListIds: ['L3', 'L5'] }, klaviyoListId: 'L3' },
              { source: { hubspotListIds: [] }, klaviyoListId: '' },
            ],
            klaviyoRules: [{ source: { klaviyoListIds: ['L9'], klaviyoSegmentIds: [] } }],
          },
        },
      }),
    );
    await sees('Rule 2');
    await click('Next');
    await sees('Choose the Klaviyo list that these contacts join.');
    await sight.page.getByLabel('Newsletter list 6 (').first().waitFor();
    await shot('who-400-lists');
    faultless();
  });

  test('300 mapped of 900 properties: pages, a row that is changed, one to add, why something is not offered', async () => {
    await resume({ ...madeUp.ready, mappings: madeUp.mapped300 });
    await sees('300 fields and the email');
    await sight.page.getByTestId('change-contact.phone').click();
    await click('Add a field');
    await sight.page.getByLabel('HubSpot property').selectOption('company.industry');
    await sight.page.getByLabel('Klaviyo field').selectOption('property.Custom 5');
    await sees('A company belongs to many contacts');
    await click('New Klaviyo property');
    await shot('fields-900');
    await sight.page.getByLabel('Search fields').fill('Custom property 29');
    await sees('Custom property 290');
    await shot('fields-search');
    await sight.page.getByLabel('Search fields').fill('no such field');
    await sees('No field matches your search.');
    faultless();
  });

  test('consent: the warning of a double opt-in list, and all of it switched on', async () => {
    await resume({ ...madeUp.ready, unsaved: { step: 'consent', form: null, at: '2026-11-22T09:00:00Z' } });
    // Until the lists are read nobody knows how they take people in.
    await sight.page.locator('input[name=subscribe]:enabled').waitFor();
    await sight.page.getByText('Subscribe contacts to email marketing in Klaviyo').click();
    await sees('This list asks each person to confirm');
    await shot('consent-double-opt-in');
    await click('Subscribe anyway');
    await sees('Also subscribe people who unsubscribed earlier');
    await shot('consent-on');
    faultless();
  });

  test('the preview: under way, huge, of nobody, failed', async () => {
    const at = { step: 'preview', form: null, at: '2026-11-22T09:00:00Z' };
    const shows = (body: unknown) => (to: Stand) => {
      to.on('POST', /preview$/, () => ({ status: 202, body: { previewId: 'P1' } }));
      to.on('GET', /preview\/P1$/, () => ({ body }));
    };
    const draft = { ...madeUp.ready, unsaved: at };
    await resume(draft, shows(madeUp.preview({ state: 'running', examined: 31_200 })));
    await sees('31,200 so far');
    await shot('preview-running');
    await resume(draft, shows(madeUp.preview()));
    await sees('900,112 new Klaviyo profiles');
    await sees('Joins the Klaviyo list “Όλοι');
    await shot('preview-huge');
    await click('Show all 8 examples');
    await sees('new3@example.com');
    const none = { hubspot: 0, klaviyo: 0 };
    await resume(
      draft,
      shows(
        madeUp.preview({
          examined: 0,
          counts: { create: none, update: none, link: 0, skip: 0, subscribe: 0, conflict: 0, issue: 0, unchanged: 0 },
          cost: { newHubspotContacts: 0, newKlaviyoProfiles: 0 },
          skipped: [],
          samples: [],
        }),
      ),
    );
    await sees('Nobody is in scope yet');
    await shot('preview-nobody');
    await resume(
      draft,
      shows(madeUp.preview({ state: 'failed', error: 'Klaviyo did not answer. Try again in a minute.' })),
    );
    await sees('The preview could not be finished');
    await shot('preview-failed');
    faultless();
  });

  test('activation with a limit, refused; changes of what syncs, kept and saved', async () => {
    await resume(
      {
        ...madeUp.ready,
        options: { ...madeUp.ready.options, limit: 100, maxNewRecords: 5_000, subscribe: true, carryOptOuts: 'both' },
        unsaved: { step: 'activate', form: null, at: '2026-11-22T09:00:00Z' },
      },
      (to) =>
        to.on('POST', /activate$/, () =>
          refusal(
            422,
            'list_missing',
            'The Klaviyo list L1 does not exist any more.',
            'Choose another list under “Who”.',
            'rules.hubspotToKlaviyo.0.klaviyoListId',
          ),
        ),
    );
    await sight.page.getByTestId('activate').click();
    await sees('Go to “Who”');
    await shot('activate-refused');
    const changed = { version: 1, ...madeUp.ready, options: { ...madeUp.ready.options, winner: 'klaviyo' } };
    const {
      id: _id,
      type: _type,
      rules: _rules,
      unsaved: _unsaved,
      state: _state,
      stateReason: _reason,
      ...form
    } = changed;
    await openOne(one('active', { name: 'Customers', unsaved: { step: 'save', at: '2026-11-22T09:00:00Z', form } }));
    await click('Go on changing');
    await sees('Your unsaved changes are back');
    await shot('save-kept');
    await click('Save changes');
    await sight.page.getByRole('dialog').waitFor();
    await shot('save-asked');
    faultless();
  });
});

describe('a connection', () => {
  test('in every state, what each button does said before, its proof and its runs', async () => {
    await openOne(one('initial_sync'));
    await sees('about 2 hours left');
    await shot('connection-first-sync');
    await click('Sync now');
    await sight.page.getByRole('dialog').waitFor();
    await shot('connection-sync-now');
    await openOne(one('paused', { stateReason: 'max_new_records', name: 'Customers' }));
    await sees('Paused by itself');
    await shot('connection-paused');
    await openOne(one('stopped', { stateReason: 'reconnect_klaviyo', name: 'Customers' }));
    await click('Resume');
    await sight.page.getByRole('dialog').waitFor();
    await shot('connection-resume');
    await openOne(one('active', { options: { ...madeUp.ready.options, limit: 100 }, name: 'Customers' }), (to) =>
      to.on('GET', /parity$/, () => ({
        body: {
          checkedPairs: 1_204_877,
          comparedValues: 12_048_770,
          agreeing: 12_048_700,
          differences: madeUp.issues5000.slice(0, 60).map(({ contact }) => ({
            contact,
            field: 'firstname',
            hubspot: madeUp.longName,
            klaviyo: null,
            because: 'waiting',
            message: 'A change is waiting to be synced.',
          })),
          worstLagSeconds: 84,
          checkedAt: '2026-11-23T11:00:00Z',
        },
      })),
    );
    await sees('Limited to 100 people as a test.');
    await click('Widen');
    await sight.page.getByText('Not everybody yet', { exact: true }).click();
    await shot('connection-widen');
    await sight.page.keyboard.press('Escape');
    await tab('Proof');
    await sees('12,048,700 of 12,048,770');
    await shot('connection-proof');
    await tab('Runs');
    await sees('What it wrote');
    await click('Undo everything since …');
    await shot('connection-runs');
    await openOne(one('draft', { name: 'Customers', rules: { hubspotToKlaviyo: [], klaviyoToHubspot: [] } }));
    await sees('This set-up is not finished');
    await shot('connection-draft');
    faultless();
  });

  test('of email activity, and its set-up', async () => {
    await openOne(madeUp.engagement({ state: 'initial_sync', name: madeUp.longName }));
    await sees('Activities');
    await shot('engagement-first-run');
    await resume(
      madeUp.engagement({
        sources: { all: false, klaviyoListIds: ['L3'], klaviyoSegmentIds: [], flowIds: ['L7'], campaignIds: [] },
        options: {
          ...madeUp.engagement().options,
          createContacts: true,
          since: '2026-01-31T00:00:00.000Z',
          dealPipelines: ['P3', 'P4', 'gone'],
        },
      }),
    );
    await sight.page.getByLabel('Newsletter list 6 (').first().waitFor();
    await shot('engagement-sources-chosen');
    await step('Details');
    await sees('Values of a contact that is created');
    await sight.page.getByLabel('Pipeline of country 5').first().waitFor();
    await shot('engagement-details-all');
    await step('Activate');
    await sees('Timelines wait for HubSpot’s approval');
    await shot('engagement-activate');
    await resume(
      madeUp.engagement({
        activities: {
          ...madeUp.engagement().activities,
          opened: false,
          clicked: false,
          bounced: false,
          unsubscribed: false,
          spam: false,
        },
      }),
    );
    await click('Next');
    await sees('Which activities appear on the timeline');
    await click('Next');
    await sees('Switch on at least one activity');
    await shot('engagement-nothing-chosen');
    faultless();
  });
});

describe('what was and what is', () => {
  test('issues: causes, 5,000 contacts of one, its repair, the file', async () => {
    await open(null, (to) =>
      to.on('POST', /csv-link$/, () => ({
        status: 201,
        body: {
          url: 'https://service.example/downloads/issues.csv?ticket=x',
          expiresAt: new Date(Date.now() + 300_000).toISOString(),
        },
      })),
    );
    await tab('Issues');
    await sees('Phone number cannot be converted');
    await click('Export as CSV');
    await sight.page.getByRole('link', { name: 'Download issues.csv' }).waitFor();
    await shot('issues-causes');
    await click('Retry all');
    await sees('All 5,000 contacts are looked at again');
    await shot('issues-retry-all');
    await sight.page.keyboard.press('Escape');
    await click('Show contacts');
    await sees('person3@example.com');
    await shot('issues-5000');
    await click('Read the number in another country');
    await sight.page.getByLabel('Country of the number').waitFor();
    await shot('issues-repair');
    await sight.page.keyboard.press('Escape');
    await click('Ignore');
    await sight.page.getByRole('dialog').waitFor();
    await shot('issues-ignore');
    await open(null, (to) => to.on('GET', /^\/issues\/groups/, () => ({ body: { results: [], next: null } })));
    await tab('Issues');
    await sees('No issues');
    await shot('issues-none');
    faultless();
  });

  test('history: long values, a contact searched by email, undo with what is left alone, nothing yet', async () => {
    await open(null, (to) => {
      to.on('GET', /^\/history\?.*email=/, () => ({ body: { results: madeUp.history.slice(3, 4), next: null } }));
      to.on('GET', /^\/history\?.*email=nobody/, () => ({ body: { results: [], next: null } }));
      to.on('POST', /undo$/, () => ({
        body: {
          isSample: true,
          takesBack: madeUp.history.slice(0, 40).map(({ contact, side, field, newValue, oldValue }) => ({
            email: contact.email,
            side,
            field,
            from: newValue,
            to: oldValue,
          })),
          leftAlone: [
            { email: madeUp.longEmail, field: 'phone', reason: 'edited', message: 'Somebody changed the value since.' },
          ],
        },
      }));
    });
    await tab('History');
    await sees('株式会社とても長い名前の会社');
    await sees('Klaviyo · Όλοι');
    await shot('history');
    await sight.page.getByLabel('Contact').fill('person3@example.com');
    await button('Undo everything of this contact').waitFor();
    await click('Undo');
    await sees('1 is left alone');
    await shot('history-undo');
    await sight.page.keyboard.press('Escape');
    await sight.page.getByLabel('Contact').fill('nobody@example.com');
    await sees('Nothing was written to this contact');
    await shot('history-nobody');
    await open(null, (to) => to.on('GET', /^\/history/, () => ({ body: { results: [], next: null } })));
    await tab('History');
    await sees('Nothing was written yet');
    await shot('history-none');
    faultless();
  });

  test('why: nobody, and a person who is not in sync', async () => {
    await open(null, (to) => {
      const at = '2026-11-23T11:58:00Z';
      to.on('GET', /^\/explain/, () => refusal(404, 'not_found', 'There is no such person.', 'Check the address.'));
      to.on('GET', /^\/explain.*long/, () => ({
        body: {
          contact: { email: madeUp.longEmail, hubspotId: '7', klaviyoId: '01JABCDEFGHJKMNPQRSTVWXYZ0' },
          steps: [
            {
              at,
              step: 'HubSpot',
              decision: 'found',
              because: 'A contact has this email address.',
              detail: { hubspotId: '7' },
            },
            {
              at,
              step: 'rule HubSpot → Klaviyo',
              decision: 'matches',
              because: 'The rule takes every contact.',
              detail: { connection: madeUp.longName, klaviyoListId: 'L3' },
            },
            {
              at,
              step: 'consent',
              decision: 'left as it is',
              because: 'The connection subscribes nobody.',
              detail: { klaviyo: 'NEVER_SUBSCRIBED', subscribe: false, carryOptOuts: 'to_klaviyo' },
            },
            {
              at,
              step: 'field',
              decision: 'write to Klaviyo',
              because: 'It changed in HubSpot.',
              detail: {
                hubspotField: 'firstname',
                klaviyoField: 'first_name',
                hubspot: madeUp.longName,
                klaviyo: null,
                base: null,
              },
            },
            {
              at,
              step: 'history',
              decision: 'update in Klaviyo: done',
              because: '2 fields differed.',
              detail: { id: '1' },
            },
          ],
        },
      }));
    });
    await tab('Why?');
    await sight.page.getByLabel('Email address').fill('nobody@example.com');
    await click('Explain');
    await sees('Nothing is known of this address');
    await shot('why-nobody');
    await sight.page.getByLabel('Email address').fill(madeUp.longEmail);
    await click('Explain');
    await sees('Field by field');
    await sees('First name · First name');
    await shot('why');
    faultless();
  });

  test('accounts: to connect again, missing scopes, disconnecting, another one', async () => {
    await open(null);
    await tab('Accounts');
    await sees('Must be connected again');
    await shot('accounts');
    await click('Disconnect');
    await sight.page.getByRole('dialog').waitFor();
    await shot('accounts-disconnect');
    await sight.page.keyboard.press('Escape');
    await click('Connect another Klaviyo account');
    await sight.page.getByLabel('Private API key').waitFor();
    await shot('accounts-another');
    await open(null, (to) =>
      to.on('GET', /^\/account$/, () => ({
        body: madeUp.fullAccount({ klaviyoAccounts: [klaviyo], appEvents: { approved: true, message: '' } }),
      })),
    );
    await tab('Accounts');
    await sees('HubSpot has approved the app’s timeline events.');
    await shot('accounts-approved');
    faultless();
  });
});

describe('cards', () => {
  const card = async (uid: string, path: RegExp, body: unknown): Promise<void> => {
    stand = openStand();
    stand.on('GET', path, () => ({ body }));
    await sight.page.goto(`${sight.preview.url}?extension=${uid}&record=7`);
  };

  test.each([
    ['tandem_contact_tab', 940],
    ['tandem_contact_sidebar', 350],
  ] as const)('%s with many lists, activities and issues, waiting, and approved', async (uid, width) => {
    await sight.page.setViewportSize({ width, height: 900 });
    const name = uid.replace('tandem_', '');
    const issues = madeUp.groups.flatMap((group, n) =>
      [0, 1].map((m) => ({ ...group, id: `${n}-${m}`, detail: `“${'0171'.repeat(20)}” has no country.` })),
    );
    const { sync } = madeUp.contactCard();
    await card(uid, /^\/contacts\/7$/, madeUp.contactCard({ issues, sync: { ...sync, state: 'failed' } }));
    await sees('And 4 other issues');
    await shot(`card-${name}-huge`);
    await card(
      uid,
      /^\/contacts\/7$/,
      madeUp.contactCard({
        sync: { ...sync, state: 'waiting', reason: { code: 'waiting', message: 'A change is waiting to be synced.' } },
        emailActivity: { state: 'paused', timeline: { approved: true, message: '' } },
      }),
    );
    await sees('A change is waiting to be synced.');
    await shot(`card-${name}-waiting-paused`);
    await sight.page.setViewportSize({ width: 1200, height: 900 });
    faultless();
  });

  test.each(['company', 'deal'])('of a %s with 500 contacts', async (object) => {
    await sight.page.setViewportSize({ width: 940, height: 900 });
    await card(`tandem_${object}`, object === 'company' ? /^\/companies\/7$/ : /^\/deals\/7$/, madeUp.record());
    await sees('Latest');
    await shot(`card-${object}-huge`);
    await sight.page.setViewportSize({ width: 1200, height: 900 });
    faultless();
  });
});
