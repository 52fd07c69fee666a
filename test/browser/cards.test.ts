import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { Route } from 'playwright-core';
import { makePeople } from '../../sandbox/seed/people.js';
import { crowding } from '../helpers/crowding.js';
import { faults, openSight, overflows, type Sight } from '../helpers/browser.js';
import { openWorld, until, type World } from '../helpers/service.js';
import { layDownRecords, type CardRecords } from './card-records.js';

jest.setTimeout(90_000);
let world: World;
let sight: Sight;
let records: CardRecords;
beforeAll(async () => {
  world = await openWorld({ people: makePeople(8, 5) });
  records = await layDownRecords(world);
  sight = await openSight(world);
}, 120_000);
afterAll(async () => {
  await sight.close();
  await world.close();
});

type Card = 'tandem_contact_tab' | 'tandem_contact_sidebar' | 'tandem_company' | 'tandem_deal';

/** Wide as the middle column of a record, or narrow as its sidebar (300 px and what the preview puts round it). */
const sizes = { wide: { width: 940, height: 900 }, narrow: { width: 350, height: 800 } };

async function open(card: Card, record: string): Promise<void> {
  await sight.page.setViewportSize(card === 'tandem_contact_sidebar' ? sizes.narrow : sizes.wide);
  await sight.page.goto(`${sight.preview.url}?extension=${card}&record=${record}`);
}
const drawn = () => sight.page.locator('[data-extension]');
const sees = (text: string | RegExp): Promise<void> => drawn().getByText(text).first().waitFor();
const picture = (name: string): Promise<unknown> =>
  sight.page.screenshot({ path: `screenshots/cards-${name}.png`, fullPage: true });
const button = (name: string) => drawn().getByRole('button', { name, exact: true });

beforeEach(() => {
  sight.complaints.length = 0;
});

describe('F7: the cards of a contact', () => {
  test.each(['tandem_contact_tab', 'tandem_contact_sidebar'] as const)(
    '%s: every state, drawn without a fault and without scrolling sideways',
    async (card) => {
      const { lively, quiet, states } = records;
      const shown: [name: string, record: string, text: string][] = [
        ['lively', lively, 'In sync'],
        ['quiet', quiet, 'No email sent yet'],
        ['skipped', states.skipped, 'The contact has no email address'],
        ['failed', states.failed, 'Phone number cannot be converted'],
        ['not-in-scope', states.not_in_scope, 'matches no rule any more'],
        ['unlinked', states.unlinked, 'No connection has brought this contact into sync.'],
      ];
      for (const [name, record, text] of shown) {
        await open(card, record);
        await sees(text);
        await settled();
        await picture(`${card.replace('tandem_', '')}-${name}`);
        expect([name, await overflows(sight.page)]).toEqual([name, false]);
        if (name === 'lively' || name === 'failed') expect(await faults(sight.page)).toEqual([]);
      }
      expect(sight.complaints).toEqual([]);
    },
    60_000,
  );

  test('what a card asks is answered within 50 ms', async () => {
    const { lively, company, deal } = records;
    for (const path of [`/contacts/${lively}`, `/companies/${company}`, `/deals/${deal}`]) {
      const times: number[] = [];
      // The quickest of some is the one that nobody else's work came between.
      for (let turn = 0; turn < 20; turn += 1) {
        const begun = performance.now();
        const { status } = await world.call('GET', path);
        times.push(performance.now() - begun);
        expect(status).toBe(200);
      }
      expect([path, Math.min(...times) / crowding() < 50]).toEqual([path, true]);
    }
  });

  test('E3, F7: machines are marked and not counted; a foreign script and a long name keep their place', async () => {
    await open('tandem_contact_tab', records.lively);
    await sees('Not counted: 1 open by a mail program.');
    await sees('by a machine');
    await sees('秋の大セール – 靴下二割引');
    await sees('Not on the timeline yet');
    expect(await drawn().getByRole('link', { name: 'Open in Klaviyo' }).getAttribute('href')).toContain('/profile/');
  });

  test('what cannot be read is said, with a way on', async () => {
    const { page } = sight;
    const answer = (status: number, body: string) => (route: Route) =>
      route.fulfill({ status, contentType: 'application/json', body });
    await page.route('**/proxy?*', () => undefined);
    await open('tandem_contact_tab', records.lively);
    await drawn().getByText('Loading').waitFor();
    await picture('contact_tab-loading');
    await page.unroute('**/proxy?*');
    await page.route('**/proxy?*', answer(500, 'broken'));
    await open('tandem_contact_tab', records.lively);
    await sees('The service failed (500).');
    await picture('contact_tab-broken');
    await page.unroute('**/proxy?*');
    await button('Try again').click();
    await sees('In sync');
    const responseBody = JSON.stringify({ error: { code: 'not_installed', message: 'Gone', fix: 'Install' } });
    await page.route('**/proxy?*', answer(403, JSON.stringify({ appServerStatusCode: 403, responseBody })));
    for (const card of ['tandem_contact_tab', 'tandem_contact_sidebar'] as const) {
      await open(card, records.lively);
      await sees('The app is not installed in this HubSpot account any more.');
      await picture(`${card.replace('tandem_', '')}-not-installed`);
      expect(await overflows(page)).toBe(false);
    }
    await page.unroute('**/proxy?*');
  }, 60_000);

  test('Retry of an open issue by keyboard tries it again', async () => {
    await open('tandem_contact_sidebar', records.states.failed);
    await sees('Phone number cannot be converted');
    await focus('Retry');
    await sight.page.keyboard.press('Enter');
    await sight.page.getByText('It is tried again now.').first().waitFor();
    expect(sight.complaints).toEqual([]);
  });

  test('the keyboard alone syncs a contact: the wait shows, the result is told, the change is there', async () => {
    const { page } = sight;
    const contact = world.hubspot.portals.get(world.portalId)!.contacts.get(records.quiet)!;
    const connections = (await world.call('GET', '/connections')).json as { results: { id: string; type: string }[] };
    const { id } = connections.results.find(({ type }) => type === 'contact')!;
    await open('tandem_contact_tab', records.quiet);
    await sees('In sync');
    await focus('Sync now');
    await page.keyboard.press('Enter');
    // Paused: the service says why nothing happens.
    await sees('No connection syncs contacts now.');
    await picture('contact_tab-refused');
    await world.call('POST', `/connections/${id}/resume`);
    await open('tandem_contact_tab', records.quiet);
    await sees('In sync');
    await focus('Sync now');
    await page.keyboard.press('Enter');
    await page.getByText('Synced.', { exact: true }).first().waitFor();
    await picture('contact_tab-synced');
    const profile = await until(
      'the contact in Klaviyo',
      () =>
        [...world.klaviyo.accounts.get('TANDM1')!.profiles.values()].find(
          (one) => one.email?.toLowerCase() === contact.properties['email']?.toLowerCase(),
        ) ?? null,
    );
    expect(profile).toBeDefined();
    expect(sight.complaints.filter((one) => !one.includes('409'))).toEqual([]);
  }, 60_000);
});

describe('F7: the cards of companies and deals', () => {
  test.each([
    ['tandem_company', 'company'],
    ['tandem_deal', 'deal'],
  ] as const)('%s: activity of its contacts with who did it, and the empty state', async (card, object) => {
    await open(card, records[object]);
    await sees(`2 contacts of this ${object} have email activity.`);
    await sees('ada.lovelace@example.com');
    await picture(`${object}-lively`);
    expect([await overflows(sight.page), await faults(sight.page)]).toEqual([false, []]);
    await open(card, '77');
    await sees(`No contact of this ${object} has received an email from Klaviyo yet.`);
    await picture(`${object}-empty`);
    expect(sight.complaints).toEqual([]);
  });
});

/** What the service reads behind its first answer has come. */
const settled = (): Promise<void> => drawn().getByText('Asking Klaviyo …').first().waitFor({ state: 'detached' });

/** Goes with Tab until that button has the focus. */
async function focus(name: string): Promise<void> {
  await button(name).waitFor();
  for (let at = 0; at < 40; at += 1) {
    if ((await sight.page.evaluate('document.activeElement?.textContent')) === name) return;
    await sight.page.keyboard.press('Tab');
  }
  throw new Error(`The keyboard does not reach “${name}”.`);
}

describe('the preview', () => {
  test('a record page holds its tab and its sidebar; records are found by name, and who looks can be chosen', async () => {
    const { page } = sight;
    await page.setViewportSize({ width: 1440, height: 1000 });
    await page.goto(`${sight.preview.url}?object=contacts`);
    const contact = world.hubspot.portals.get(world.portalId)!.contacts.get(records.lively)!;
    const { firstname = '', lastname = '', email = '' } = contact.properties;
    await page.getByLabel('Search').fill(email);
    await page.getByRole('link', { name: `${firstname} ${lastname}`.trim(), exact: true }).click();
    await page.locator('main [data-extension=tandem_contact_tab]').getByText('Last activity').waitFor();
    await page.locator('aside [data-extension=tandem_contact_sidebar]').getByText('In sync').first().waitFor();
    expect(await page.locator('aside dd').first().textContent()).toBe(email);
    expect(await overflows(page)).toBe(false);
    await picture('record-page');
    await page.getByLabel('Person').selectOption('7002');
    await page.locator('main [data-extension=tandem_contact_tab]').getByText('Last activity').waitFor();
    expect(await page.getByLabel('Person').inputValue()).toBe('7002');
    expect(sight.complaints).toEqual([]);
  });

  test.each(['companies', 'deals'])('%s have their card in the tab', async (object) => {
    const { page } = sight;
    const portal = world.hubspot.portals.get(world.portalId)!;
    if (object === 'deals') portal.create('deals', { dealname: 'Socks for the whole team', amount: '4200' }, 'CRM_UI');
    await page.goto(`${sight.preview.url}?object=${object}`);
    await page.locator('main.records li a').first().click();
    await page.locator('main [data-extension]').getByRole('heading').first().waitFor();
    await picture(`record-page-${object}`);
    expect(sight.complaints).toEqual([]);
  });
});
