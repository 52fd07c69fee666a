import { afterEach, describe, expect, jest, test } from '@jest/globals';
import {
  Alert,
  Button,
  ErrorState,
  Form,
  Input,
  Link,
  LoadingSpinner,
  MultiSelect,
  Select,
  Toggle,
  ToggleGroup,
  hubspot,
} from '@hubspot/ui-extensions';
import { createRenderer } from '@hubspot/ui-extensions/testing';
import { SettingsPage } from '../../../hubspot-app/app/settings/SettingsPage.js';
import { words } from '../../../hubspot-app/app/settings/words.js';
import { drafted, serveContacts } from './settings-contact-service.js';
import { labelled, modalOf, next, openPage, openTab, press, sees } from './settings-drawn.js';
import { accountOf, drawnText, eventually, klaviyo, openStand, refusal, statusOf, until } from './settings-stand.js';

afterEach(() => {
  jest.restoreAllMocks();
});
const active = drafted({ state: 'active' });

describe('the page', () => {
  test('takes the service’s address from the app’s variables and asks it through HubSpot', async () => {
    const asked = jest
      .spyOn(hubspot, 'fetch')
      .mockImplementation(async () => new Response(JSON.stringify(accountOf()), { status: 200 }));
    const renderer = createRenderer('settings');
    const context = { ...renderer.mocks.context, variables: { SERVICE_URL: 'https://tandem.example/' } };
    renderer.render(<SettingsPage context={context} actions={renderer.mocks.actions} />);
    expect(renderer.find(LoadingSpinner).props.label).toBe(words.common.loading);
    await eventually(() => expect(drawnText(renderer.getRootNode())).toContain(words.setup.newTitle));
    expect(asked.mock.calls[0]?.[0]).toBe('https://tandem.example/api/v1/account');
  });

  test('says so when the app was uploaded without that address', () => {
    const renderer = createRenderer('settings');
    renderer.render(<SettingsPage context={renderer.mocks.context} actions={renderer.mocks.actions} />);
    expect(renderer.find(ErrorState).props.title).toBe(words.problem.notSetUp);
  });

  test('A5: without the app installed it leads to installing it again', async () => {
    const stand = openStand();
    stand.on('GET', /^\/account$/, () => refusal(403, 'not_installed', 'Not installed.', 'Install it.'));
    const page = openPage(stand);
    await sees(page, words.problem.notInstalledFix);
    expect(page.find(Link).props.href).toEqual({
      url: 'https://service.example/oauth/hubspot/install',
      external: true,
    });
    serveContacts(stand, active);
    await press(page, words.common.retry);
    await sees(page, words.overview.connections);
  });

  test('a service that is down is said in words, and trying again is one click', async () => {
    const stand = openStand();
    serveContacts(stand, active);
    stand.on('GET', /^\/overview$/, () => {
      throw new TypeError('fetch failed');
    });
    const page = openPage(stand);
    await sees(page, words.problem.unreachableFix);
    serveContacts(stand, active);
    await press(page, words.common.retry);
    await sees(page, words.overview.connections);
  });

  test('what was shown stays when refreshing fails, with a note', async () => {
    const stand = openStand();
    serveContacts(stand, active);
    const page = openPage(stand);
    await sees(page, words.overview.connections);
    stand.on('GET', /^\/overview$/, () => ({ status: 503, body: '' }));
    await until('waiting', () => stand.waiting() > 0);
    stand.tick();
    await sees(page, words.common.stale);
    await sees(page, words.overview.connections);
  });

  test('F14: banners say what is wrong and what to do, health says how bad it is', async () => {
    const stand = openStand();
    serveContacts(stand, active);
    stand.on('GET', /^\/overview$/, () => ({
      body: {
        health: 'broken',
        banners: [
          { severity: 'danger', message: 'Harbour must be connected again.', fix: 'Connect it.', link: null },
          { severity: 'odd', message: 'Something else.', fix: 'Look.', link: 'https://service.example/x' },
        ],
        connections: [
          { ...statusOf({ state: 'stopped', stateReason: 'uninstalled' }), id: 'C1', name: 'A', type: 'contact' },
        ],
      },
    }));
    const page = openPage(stand);
    await eventually(() =>
      expect(page.findAll(Alert).map(({ props }) => [props.title, props.variant])).toEqual([
        [words.overview.health.broken, 'danger'],
        ['Harbour must be connected again.', 'danger'],
        ['Something else.', 'info'],
      ]),
    );
    await sees(page, words.common.stateReason('uninstalled'));
  });

  test('F11: why, by email; then the history of that contact', async () => {
    const stand = openStand();
    serveContacts(stand, active);
    stand.on('GET', /^\/explain/, ({ path }) =>
      path.includes('ada%40example.com')
        ? {
            body: {
              contact: { email: 'ada@example.com', hubspotId: '7', klaviyoId: 'P' },
              steps: [
                {
                  at: '2026-11-23T10:00:00Z',
                  step: 'rule_matched',
                  decision: 'in_scope',
                  because: 'All contacts are synced.',
                  detail: { klaviyoList: 'Customers' },
                },
              ],
            },
          }
        : refusal(404, 'not_found', 'There is no such person.', 'Check the address.'),
    );
    stand.on('GET', /^\/history/, () => ({ body: { results: [], next: null } }));
    const page = openPage(stand);
    await sees(page, words.overview.connections);
    await openTab(page, 'why');
    const ask = async (email: string): Promise<void> => {
      page.find(Input, { name: 'why-email' }).trigger('onInput', email as never);
      await until('typed', () => page.find(Input, { name: 'why-email' }).props.value === email);
      page.find(Form).trigger('onSubmit');
    };
    await ask('nobody@example.com');
    await sees(page, words.why.noneText);
    await ask(' ada@example.com ');
    await sees(page, 'Rule matched');
    await sees(page, 'Klaviyo list: Customers');
    await press(page, words.why.historyOf);
    await sees(page, words.history.nobodyText);
    await until('asked', () => stand.of('GET', /^\/history\?contactId=7&limit=25$/).length === 1);
  });

  test('A2, A5, F8: accounts, disconnecting, usage, alerts', async () => {
    const stand = openStand();
    serveContacts(stand, active);
    stand.on('GET', /^\/account$/, () => ({
      body: accountOf({
        klaviyoAccounts: [
          klaviyo,
          { ...klaviyo, id: 'K2', name: 'Old', state: 'reconnect', missingScopes: ['lists:read'] },
        ],
        connections: [{ id: 'C1', name: 'Contacts', type: 'contact', state: 'active' }],
      }),
    }));
    stand.on('DELETE', /^\/klaviyo-accounts\/K1$/, () => ({ status: 204, body: '' }));
    stand.on('PATCH', /^\/account$/, ({ body }) => ({ body }));
    const page = openPage(stand);
    await sees(page, words.overview.connections);
    await openTab(page, 'accounts');
    await sees(page, words.accounts.missing(['lists:read']));
    await sees(page, '1,234');
    await sees(page, 'HubSpot has to approve timeline events.');
    const modal = await modalOf(page, words.accounts.disconnect);
    expect(modal.text()).toContain('No contact or profile is changed');
    modal.confirm();
    await until('disconnected', () => stand.of('DELETE', /K1/).length === 1);
    page.find(Input, { name: 'alert-email' }).trigger('onInput', 'ops@example.com' as never);
    await until('typed', () => page.find(Input, { name: 'alert-email' }).props.value === 'ops@example.com');
    page.find(Form).trigger('onSubmit');
    await until('saved', () => stand.of('PATCH', /account/).length === 1);
    expect(stand.of('PATCH', /account/)[0]?.body).toEqual({ alertEmail: 'ops@example.com' });
    await press(page, words.accounts.again);
    await eventually(() => page.find(Input, { name: 'klaviyo-key' }));
    page
      .find(Button, (node) => node.text === words.common.cancel && node.props.variant === 'transparent')
      .trigger('onClick');
    await eventually(() => expect(page.maybeFind(Input, { name: 'klaviyo-key' })).toBeNull());
  });

  test('E1–E3, E6, E7, E12: email activity is drafted with the choices made, then activated', async () => {
    const stand = openStand();
    serveContacts(stand, active);
    let made: Record<string, unknown> = {};
    stand.on('POST', /^\/connections$/, ({ body }) => {
      made = { ...(body as object), id: 'E1', state: 'draft', stateReason: null, mappings: [] };
      return { status: 201, body: made };
    });
    stand.on('PATCH', /^\/connections\/E1$/, ({ body }) => {
      made = { ...made, ...(body as object) };
      return { body: made };
    });
    stand.on('GET', /^\/klaviyo-accounts\/K1\/(flows|campaigns)/, (_, kind) => ({
      body: { results: [{ id: `${kind}-1`, name: `First of ${kind}` }], next: null },
    }));
    stand.on('GET', /^\/hubspot\/pipelines/, () =>
      refusal(422, 'missing_scope', 'HubSpot does not let the app read deals.', 'Install the app again.'),
    );
    stand.on('POST', /^\/connections\/E1\/activate$/, () => ({ status: 202, body: made }));
    stand.on('GET', /^\/connections\/E1$/, () => ({ body: { ...made, state: 'active' } }));
    stand.on('GET', /^\/connections\/E1\/status$/, () => ({
      body: statusOf({ counts: { inSync: 0, waiting: 0, skipped: 0, failed: 0, engagements: 42 } }),
    }));
    const page = openPage(stand);
    await press(page, words.overview.newEngagement);
    await sees(page, words.engagement.sources.title);
    page.find(ToggleGroup, { name: 'sources' }).trigger('onChange', 'chosen' as never);
    await eventually(() => page.find(MultiSelect, { name: 'source-flows' }));
    await next(page);
    await sees(page, words.engagement.sources.missing);
    page.find(MultiSelect, { name: 'source-flows' }).trigger('onChange', ['flows-1'] as never);
    await until('chosen', () => page.find(MultiSelect, { name: 'source-flows' }).props.value?.[0] === 'flows-1');
    await next(page);
    await sees(page, words.engagement.activities.title);
    page.find(Toggle, { name: 'activity-delivered' }).trigger('onChange', true as never);
    await until('on', () => page.find(Toggle, { name: 'activity-delivered' }).props.checked === true);
    await next(page);
    await sees(page, words.engagement.options.linkDeals);
    await sees(page, words.engagement.options.fromNowOn);
    // Without the permission it is said at the choice itself; once it is granted the pipelines are there.
    await sees(page, 'HubSpot does not let the app read deals. Install the app again.');
    stand.on('GET', /^\/hubspot\/pipelines/, () => ({
      body: {
        results: [
          { id: 'default', name: 'Sales pipeline' },
          { id: '7', name: 'Renewals' },
        ],
        next: null,
      },
    }));
    await press(page, words.common.retry);
    const pipelines = () => page.find(MultiSelect, { name: 'dealPipelines' }).props;
    await until('offered', () => pipelines().options?.length === 2);
    expect(pipelines()).toMatchObject({
      label: words.engagement.options.pipelines.label,
      placeholder: words.engagement.options.pipelines.all,
      value: [],
    });
    page.find(MultiSelect, { name: 'dealPipelines' }).trigger('onChange', ['7', 'gone'] as never);
    await until('chosen', () => pipelines().value?.length === 2);
    // One that HubSpot no longer has can be seen, and taken out.
    expect(pipelines().options).toContainEqual({
      value: 'gone',
      label: words.engagement.options.pipelines.unknown('gone'),
    });
    page.find(MultiSelect, { name: 'dealPipelines' }).trigger('onChange', ['7'] as never);
    // No deals, no pipelines to choose; what was chosen stays.
    page.find(Select, { name: 'linkDeals' }).trigger('onChange', 'none' as never);
    await eventually(() => expect(page.maybeFind(MultiSelect, { name: 'dealPipelines' })).toBeNull());
    page.find(Select, { name: 'linkDeals' }).trigger('onChange', 'newest_open' as never);
    await until('there again', () => pipelines().value?.[0] === '7' && pipelines().value?.length === 1);
    page.find(ToggleGroup, { name: 'since' }).trigger('onChange', 'last_30_days' as never);
    await until('chosen', () => page.find(ToggleGroup, { name: 'since' }).props.value === 'last_30_days');
    await next(page);
    await sees(page, words.engagement.activate.text);
    await sees(page, 'On timelines Delivered, Opened, Clicked a link, Bounced, Unsubscribed, Marked as spam');
    await press(page, words.setup.activate.activate);
    await sees(page, words.connection.numbers.engagements);
    expect(made).toMatchObject({
      type: 'engagement',
      klaviyoAccountId: 'K1',
      sources: { all: false, flowIds: ['flows-1'], klaviyoListIds: [], klaviyoSegmentIds: [], campaignIds: [] },
      activities: { sent: false, delivered: true, opened: true, spam: true },
      options: { excludeBots: true, since: 'last_30_days', linkDeals: 'newest_open', dealPipelines: ['7'] },
    });
    expect(page.maybeFind(Button, labelled(words.connection.tabs.parity))).toBeNull();
  });
});
