import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { makePeople } from '../../sandbox/seed/people.js';
import { openSight, overflows, type Sight } from '../helpers/browser.js';
import { openWorld, until, type World } from '../helpers/service.js';

// A browser, a service and two stand-ins share the machine with other tests.
jest.setTimeout(90_000);
let world: World;
let sight: Sight;
beforeAll(async () => {
  world = await openWorld({ people: makePeople(60, 3) });
  sight = await openSight(world);
}, 120_000);
afterAll(async () => {
  await sight.close();
  await world.close();
});

const button = (name: string) => sight.page.getByRole('button', { name, exact: true });
const sees = (text: string) => sight.page.getByText(text).first().waitFor();

test('A6: a new user sets up a two-way sync from nothing and sees a contact arrive, in 12 clicks and typed fields', async () => {
  const { page } = sight;
  let acts = 0;
  const click = async (name: string): Promise<void> => {
    acts += 1;
    await button(name).click();
  };
  await page.getByLabel('Private API key').waitFor();
  await sight.picture('connect');
  acts += 1;
  await page.getByLabel('Private API key').fill('pk_sandbox_TANDM1');
  await click('Connect');
  const list = page.getByLabel('Klaviyo list they join');
  await list.locator('option[value=CstHub]').waitFor({ state: 'attached' });
  await sight.picture('who');
  // Opening the choice, and choosing.
  acts += 2;
  await list.selectOption('CstHub');
  await click('Next');
  await page.getByRole('cell', { name: 'Email' }).first().waitFor();
  await sight.picture('fields');
  await click('Next');
  await sees('Consent to email marketing');
  await sight.picture('consent');
  await click('Next');
  await sees('New in Klaviyo');
  await page.getByText('joins the Klaviyo list').first().waitFor();
  await sight.picture('preview');
  const account = world.klaviyo.accounts.get('TANDM1')!;
  const before = account.profiles.size;
  await click('Next');
  await sees('Ready to activate');
  await sight.picture('activate');
  expect(account.profiles.size).toBe(before);
  acts += 1;
  // The step of that name stands above it.
  await page.getByTestId('activate').click();
  await sees('API limits left');
  expect(acts).toBeLessThanOrEqual(12);
  await until('a contact in Klaviyo', () => (account.profiles.size > before ? true : null));
  await page.locator('.status', { hasText: /^Active$/ }).waitFor();
  await sight.picture('status');
});

test('F4–F6, F8, F10, F11: every screen opens with what the service knows', async () => {
  const { page } = sight;
  const tab = (name: string) => page.getByRole('tab', { name, exact: true }).click();
  await tab('Proof');
  await sees('Pairs checked');
  await sight.picture('proof');
  await tab('Runs');
  await sees('First sync');
  await sight.picture('runs');
  await button('All connections').click();
  await sees('Contacts this month');
  await sight.picture('overview');
  await tab('History');
  await page
    .getByRole('cell', { name: /Klaviyo/ })
    .first()
    .waitFor();
  await sight.picture('history');
  await tab('Accounts');
  await sees('Private API key');
  await sight.picture('accounts');
  await tab('Why?');
  const contacts = [...world.hubspot.portals.get(world.portalId)!.contacts.values()];
  await page.getByLabel('Email address').fill(contacts.find((one) => one.properties['email'])!.properties['email']!);
  await button('Explain').click();
  await sees('Field by field');
  await sight.picture('why');
  await tab('Issues');
  await page
    .getByText(/No issues|What happened/)
    .first()
    .waitFor();
  await sight.picture('issues');
  expect(await overflows(page)).toBe(false);
});

test('F6: a run is looked at before it is undone; cancelling leaves all as it is', async () => {
  const { page } = sight;
  await page.getByRole('tab', { name: 'Overview' }).click();
  await button('Open').click();
  await page.getByRole('tab', { name: 'Runs' }).click();
  await button('Undo this run').first().click();
  const dialog = page.getByRole('dialog');
  await dialog
    .getByText(/put back/)
    .first()
    .waitFor();
  await sight.picture('undo');
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await dialog.waitFor({ state: 'detached' });
});

test('the keyboard alone pauses and resumes: focus stays in the dialog and comes back', async () => {
  const { page } = sight;
  const focus = async (name: string): Promise<void> => {
    for (let at = 0; at < 60; at += 1) {
      if ((await page.evaluate('document.activeElement?.textContent')) === name) return;
      await page.keyboard.press('Tab');
    }
    throw new Error(`“${name}” cannot be reached with the Tab key.`);
  };
  await focus('Pause');
  await page.keyboard.press('Enter');
  await page.getByRole('dialog', { name: /^Pause/ }).waitFor();
  await sight.picture('pause');
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  expect(await page.evaluate('document.activeElement?.textContent')).toBe('Pause');
  await page.keyboard.press('Enter');
  await page.getByRole('dialog', { name: /^Pause/ }).waitFor();
  await page.keyboard.press('Tab');
  await focus('Pause');
  await page.keyboard.press('Enter');
  await button('Resume').waitFor();
  await focus('Resume');
  await page.keyboard.press('Enter');
  await page.getByRole('dialog', { name: /^Resume/ }).waitFor();
  await page.keyboard.press('Tab');
  await focus('Resume');
  await page.keyboard.press('Enter');
  await button('Pause').waitFor();
});

test('a long name in a foreign script breaks no screen, wide or narrow', async () => {
  const { page } = sight;
  const { connections } = (await world.call('GET', '/account')).json as { connections: { id: string }[] };
  const name = `Όλοι οι πελάτες ${'ÜberlangerNameOhneLeerzeichen'.repeat(5)} 顧客`;
  await world.call('PATCH', `/connections/${connections[0]!.id}`, { name });
  await page.reload();
  await sees('Contacts this month');
  await page.getByText('Όλοι οι πελάτες').first().waitFor();
  await sight.picture('long-name');
  expect(await overflows(page)).toBe(false);
  await page.setViewportSize({ width: 800, height: 900 });
  await button('Open').click();
  await sees('API limits left');
  await sight.picture('long-name-narrow');
  expect(await overflows(page)).toBe(false);
  await page.setViewportSize({ width: 1200, height: 900 });
});

test('E1–E3: email activity is drafted; leaving it shows the draft', async () => {
  const { page } = sight;
  await button('All connections').click();
  await button('New email activity sync').click();
  await sees('Which emails count');
  await sight.picture('engagement-sources');
  await button('Next').click();
  await sees('Which activities appear on the timeline');
  await sight.picture('engagement-activities');
  await button('Next').click();
  await sees('Show it on deals');
  await sight.picture('engagement-details');
  await button('Leave; go on later').click();
  await page.getByRole('button', { name: 'Continue set-up' }).waitFor();
});

test('F1: with the service down, the page says so and comes back by itself or by one click', async () => {
  const { page } = sight;
  // A refused request is an error on the console of every browser.
  const before = [...sight.complaints];
  await world.kill('SIGTERM');
  await page.reload();
  await button('Try again').waitFor();
  await sight.picture('down');
  await world.start();
  await button('Try again').click();
  await sees('Contacts this month');
  sight.complaints.length = 0;
  sight.complaints.push(...before);
});

test('nothing was written to the console as an error, and axe finds no serious fault on any screen', () => {
  expect(sight.complaints).toEqual([]);
});
