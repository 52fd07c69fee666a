import { describe, expect, test } from '@jest/globals';
import { ErrorState, Link, LoadingButton, LoadingSpinner } from '@hubspot/ui-extensions';
import type { SyncState } from '../../../hubspot-app/app/cards/card-types.js';
import { ContactTab } from '../../../hubspot-app/app/cards/contact/ContactTab.js';
import { words } from '../../../hubspot-app/app/cards/words.js';
import { contactOf, drawCard, openCardStand, press, sees, textOf, type CardStand, type Drawn } from './cards-stand.js';
import { eventually, refusal } from './settings-stand.js';

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

describe('F7, B10: Sync now', () => {
  test('is followed until the contact was looked at, tells the result and reads the record again', async () => {
    const { stand, card } = openWith(standing('unlinked', 'Not yet.'));
    await sees(card, 'Not yet.');
    await eventually(() => expect(stand.waiting()).toEqual([]));
    stand.on('POST /contacts/101/sync', () => ({ status: 202, body: { accepted: true } }));
    stand.on(path, () => ({ body: contactOf(standing('waiting', 'A change is waiting.')) }));
    await press(card, 'Sync now');
    await sees(card, 'A change is waiting.');
    expect(card.findByTestId(LoadingButton, 'sync-now').props.loading).toBe(true);
    expect(stand.told).toEqual([]);
    stand.on(path, () => ({ body: contactOf() }));
    await eventually(() => expect(stand.waiting()).toContain(2_000));
    stand.advance(2_000);
    await eventually(() => expect(stand.told).toEqual([['success', 'Synced.']]));
    expect(stand.refreshed()).toBe(1);
    await eventually(() => expect(card.findByTestId(LoadingButton, 'sync-now').props.loading).toBe(false));
    await eventually(() => expect(stand.waiting()).toEqual([]));
  });

  test('says what came of it when the contact is not in sync', async () => {
    const { stand, card } = openWith(standing('skipped', 'No email.'));
    stand.on('POST /contacts/101/sync', () => ({ status: 202, body: { accepted: true } }));
    await sees(card, 'No email.');
    await press(card, 'Sync now');
    await eventually(() => expect(stand.told).toEqual([['info', 'Looked at again: not in sync.']]));
  });

  test('that takes long lets the person go, and looks less and less often', async () => {
    const { stand, card } = openWith(standing('waiting', 'A change is waiting.'));
    stand.on('POST /contacts/101/sync', () => ({ status: 202, body: { accepted: true } }));
    await sees(card, 'A change is waiting.');
    await press(card, 'Sync now');
    await eventually(() => expect(card.findByTestId(LoadingButton, 'sync-now').props.loading).toBe(true));
    await eventually(() => expect(stand.waiting()).toContain(20_000));
    stand.advance(20_000);
    await sees(card, words.syncingLong);
    expect(card.findByTestId(LoadingButton, 'sync-now').props.loading).toBe(false);
    for (let turn = 0; turn < 12; turn += 1) {
      await eventually(() => expect(stand.waiting().length).toBeGreaterThan(0));
      stand.advance(Math.max(...stand.waiting()));
    }
    await eventually(() => expect(stand.waiting()).toEqual([60_000]));
  });

  test('that is refused says why and what to do', async () => {
    const { stand, card } = openWith({});
    stand.on('POST /contacts/101/sync', () =>
      refusal(409, 'not_active', 'No connection syncs contacts now.', 'Activate one.'),
    );
    await press(card, 'Sync now');
    await sees(card, 'No connection syncs contacts now.');
    expect(textOf(card)).toContain('Activate one.');
    expect(stand.told).toEqual([]);
  });
});

describe('what the service reads behind its answer', () => {
  test('is looked for a second later, and shown', async () => {
    const { stand, card } = openWith({
      subscription: null,
      lists: ['CstHub'],
      listNames: ['CstHub'],
      settling: true,
    });
    await sees(card, 'Email marketing Asking Klaviyo …');
    expect(textOf(card)).toContain('Klaviyo lists Asking Klaviyo …');
    expect(textOf(card)).not.toContain('CstHub');
    stand.on(path, () => ({ body: contactOf() }));
    await eventually(() => expect(stand.waiting()).toEqual([1_000]));
    stand.advance(1_000);
    await sees(card, 'Customers');
    expect(textOf(card)).toContain('Email marketing Subscribed');
    await eventually(() => expect(stand.waiting()).toEqual([]));
  });

  test('is not looked for without end when Klaviyo does not answer', async () => {
    const { stand, card } = openWith({ settling: true });
    await sees(card, 'In sync');
    for (let turn = 0; turn < 3; turn += 1) {
      await eventually(() => expect(stand.waiting()).toEqual([1_000]));
      stand.advance(1_000);
    }
    await eventually(() => expect(stand.calls).toHaveLength(4));
    await sees(card, 'In sync');
    await eventually(() => expect(stand.waiting()).toEqual([]));
  });
});

describe('the card cannot read', () => {
  test('yet: it says that it loads', () => {
    const stand = openCardStand();
    stand.on(path, () => new Promise<never>(() => undefined));
    expect(openTab(stand).findAll(LoadingSpinner)).toHaveLength(1);
  });

  test.each([
    ['a failure of the service', 500, '<html>Bad gateway</html>', 'The service failed (500).'],
    ['too many requests', 429, '', words.problem.busy],
    ['a service older than the card', 404, 'Cannot GET', words.problem.notFound],
  ])('%s: what it is, and Try again', async (_, status, body, said) => {
    const stand = openCardStand();
    stand.on(path, () => ({ status, body }));
    const card = openTab(stand);
    await sees(card, said);
    expect(card.findAll(ErrorState)).toHaveLength(1);
    stand.on(path, () => ({ body: contactOf() }));
    await press(card, words.retry);
    await sees(card, 'In sync');
  });

  test('no network', async () => {
    const stand = openCardStand();
    stand.on(path, () => Promise.reject<never>(new Error('timeout')));
    const card = openTab(stand);
    await sees(card, words.problem.unreachable);
    expect(textOf(card)).toContain(words.problem.unreachableFix);
  });

  test('HubSpot’s envelope is opened: 403 not installed, with the way to install again', async () => {
    const stand = openCardStand();
    const responseBody = JSON.stringify({ error: { code: 'not_installed', message: 'Gone.', fix: 'Install.' } });
    stand.on(path, () => ({ status: 502, body: { appServerStatusCode: 403, responseBody } }));
    const card = openTab(stand);
    await sees(card, words.problem.notInstalled);
    expect(card.find(Link).props.href).toEqual({
      url: 'https://service.example/oauth/hubspot/install',
      external: true,
    });
    stand.on(path, () => ({ body: contactOf() }));
    await press(card, words.retry);
    await sees(card, 'In sync');
  });

  test('again: what was known stays, with a word on it', async () => {
    const { stand, card } = openWith(standing('waiting', 'A change is waiting.'));
    await sees(card, 'A change is waiting.');
    await eventually(() => expect(stand.waiting()).toHaveLength(1));
    stand.on(path, () => ({ status: 500, body: '' }));
    stand.advance(2_000);
    await sees(card, words.stale);
    expect(textOf(card)).toContain('A change is waiting.');
    await eventually(() => expect(stand.waiting()).toEqual([]));
    stand.on(path, () => ({ body: contactOf() }));
    await press(card, words.retry);
    await eventually(() => expect(textOf(card)).not.toContain(words.stale));
  });
});
