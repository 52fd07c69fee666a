import { describe, expect, test } from '@jest/globals';
import {
  Alert,
  Button,
  Dropdown,
  LoadingButton,
  NumberInput,
  ProgressBar,
  SearchInput,
  Select,
  StatisticsItem,
  StepIndicator,
  Tab,
} from '@hubspot/ui-extensions';
import type { ConnectionState, HistoryRow } from '../../../hubspot-app/app/settings/api-types.js';
import { words } from '../../../hubspot-app/app/settings/words.js';
import { drafted, fields, serveContacts } from './settings-contact-service.js';
import { labelled, modalOf, next, openPage, openTab, press, sees, type Page } from './settings-drawn.js';
import {
  accountOf,
  drawnText,
  eventually,
  keptOf,
  klaviyo,
  openStand,
  refusal,
  savedTo,
  statusOf,
  until,
  type Stand,
} from './settings-stand.js';

const text = words.connection;
const complete = drafted({
  rules: {
    hubspotToKlaviyo: [{ source: { all: true }, klaviyoListId: 'Single' }],
    klaviyoToHubspot: [{ source: { all: true } }],
  },
});

async function openConnection(stand: Stand, state: ConnectionState, options = {}): Promise<Page> {
  serveContacts(stand, { ...complete, state, options: { ...complete.options, ...options } });
  return openAgain(stand);
}

async function openAgain(stand: Stand): Promise<Page> {
  const page = openPage(stand);
  await press(page, words.overview.open);
  await sees(page, text.back);
  await eventually(() => page.find(StatisticsItem, { label: text.numbers.inSync }));
  return page;
}

const undoShown = {
  isSample: false,
  takesBack: [{ email: 'ada@example.com', side: 'klaviyo', field: 'first_name', from: 'Ada', to: 'Adá' }],
  leftAlone: [
    { email: 'bob@example.com', field: 'phone', reason: 'edited_since', message: 'Somebody changed the value since.' },
  ],
};

describe('a connection', () => {
  test('F3, F4: progress with rate and estimate, counts, reasons, limits; read again while it runs', async () => {
    const stand = openStand();
    const page = await openConnection(stand, 'initial_sync');
    expect(page.find(ProgressBar).props).toMatchObject({ value: 300, maxValue: 1200 });
    await sees(page, '30 a second, about 30 seconds left');
    await sees(page, 'The contact has no email address.');
    await sees(page, text.budgetOf('100 %', '50 %'));
    expect(page.find(StatisticsItem, { label: text.numbers.failed }).props.number).toBe('2');
    const before = stand.of('GET', /status$/).length;
    await until('waiting', () => stand.waiting() > 0);
    stand.tick();
    await until('read again', () => stand.of('GET', /status$/).length > before);
  });

  test.each<[string, ConnectionState, string]>([
    ['pause', 'active', text.pause],
    ['sync', 'active', text.sync],
    ['resume', 'paused', text.resume],
  ])('F1: %s says what it does to contacts before it is done', async (verb, state, label) => {
    const stand = openStand();
    const page = await openConnection(stand, state);
    stand.on('POST', /^\/connections\/C1\/(pause|sync|resume)$/, () => ({ status: 202, body: { runId: 'R2' } }));
    const modal = await modalOf(page, label);
    expect(modal.text().length).toBeGreaterThan(100);
    expect(stand.of('POST', /./)).toHaveLength(0);
    modal.confirm();
    await until('done', () => stand.of('POST', new RegExp(`${verb}$`)).length === 1);
    await until('closed', () => stand.closed.length === 1);
  });

  test('B9: deleting says that nobody is removed, deletes, and leads back', async () => {
    const stand = openStand();
    const page = await openConnection(stand, 'active');
    stand.on('DELETE', /^\/connections\/C1$/, () => ({ status: 204, body: '' }));
    const modal = await modalOf(page, text.delete);
    expect(modal.text()).toContain('Nobody is removed from a list, unsubscribed or deleted.');
    modal.confirm();
    await sees(page, words.overview.connections);
    expect(stand.of('DELETE', /C1/)).toHaveLength(1);
  });

  test('editing a live connection puts nothing into effect before it is saved, and says what saving does', async () => {
    const stand = openStand();
    const page = await openConnection(stand, 'active');
    await press(page, text.edit);
    await eventually(() => page.find(StepIndicator));
    await next(page);
    await eventually(() => page.find(Select, { name: 'winner' }));
    page.find(Select, { name: 'winner' }).trigger('onChange', 'klaviyo' as never);
    await until('chosen', () => page.find(Select, { name: 'winner' }).props.value === 'klaviyo');
    await next(page);
    await sees(page, words.setup.consent.title);
    await next(page);
    await sees(page, words.setup.save.intro);
    stand.tick();
    expect(savedTo(stand)).toEqual([]);
    const modal = await modalOf(page, words.setup.save.save);
    expect(modal.text()).toContain('Nobody is deleted.');
    modal.confirm();
    await sees(page, text.back);
    expect(savedTo(stand)[0]?.body).toMatchObject({ options: { winner: 'klaviyo' }, unsaved: null });
  });

  test('F13: a connection that its ceiling paused says where to raise it, and there it is raised', async () => {
    const stand = openStand();
    const page = await openConnection(stand, 'paused', { maxNewRecords: 10 });
    stand.on('GET', /status$/, () => ({ body: statusOf({ state: 'paused', stateReason: 'max_new_records' }) }));
    await until('waiting', () => stand.waiting() > 0);
    stand.tick();
    await sees(page, `“${text.edit}” → “${words.setup.steps.save}”`);
    await press(page, text.edit);
    await eventually(() => page.find(StepIndicator));
    page.find(StepIndicator).trigger('onClick', 3 as never);
    await eventually(() => expect(page.find(NumberInput, { name: 'ceiling' }).props.value).toBe(10));
    page.find(NumberInput, { name: 'ceiling' }).trigger('onChange', 500 as never);
    await sees(page, words.setup.save.intro);
    (await modalOf(page, words.setup.save.save)).confirm();
    await until('saved', () => savedTo(stand).length === 1);
    expect(savedTo(stand)[0]?.body).toMatchObject({ options: { maxNewRecords: 500 } });
  });

  test('F1: changes that are left unsaved are kept, come back, and can be let go of', async () => {
    const stand = openStand();
    const page = await openConnection(stand, 'active');
    await press(page, text.edit);
    await eventually(() => page.find(StepIndicator));
    await next(page);
    await eventually(() => page.find(Select, { name: 'winner' }));
    page.find(Select, { name: 'winner' }).trigger('onChange', 'klaviyo' as never);
    await until('chosen', () => page.find(Select, { name: 'winner' }).props.value === 'klaviyo');
    await press(page, words.setup.leave);
    await until('kept', () => keptOf(stand).length > 0);
    expect(savedTo(stand)).toEqual([]);
    const again = await openAgain(stand);
    await press(again, text.editOn);
    await eventually(() => expect(again.find(Select, { name: 'winner' }).props.value).toBe('klaviyo'));
    await sees(again, words.setup.kept.title);
    await press(again, words.setup.kept.discard);
    await eventually(() => expect(again.find(Select, { name: 'winner' }).props.value).toBe('hubspot'));
    await until('forgotten', () => keptOf(stand).at(-1) === null);
    expect(savedTo(stand)).toEqual([]);
  });

  test('the list of connections pauses, resumes, syncs and deletes too, each with what it does said before', async () => {
    const stand = openStand();
    serveContacts(stand, { ...complete, state: 'active' });
    stand.on('POST', /^\/connections\/C1\/pause$/, () => ({ status: 202, body: { ...complete, state: 'paused' } }));
    const page = openPage(stand);
    const items = () => page.find(Dropdown).findAll(Dropdown.ButtonItem);
    await eventually(() => expect(items().map(drawnText)).toHaveLength(4));
    const [, pause] = items();
    expect(drawnText(pause?.props.overlay)).toContain(text.pauseSays[2]);
    pause?.props.overlay?.find(LoadingButton).trigger('onClick');
    await until('paused', () => stand.of('POST', /pause$/).length === 1);
    await until('read again', () => stand.of('GET', /^\/overview$/).length === 2);
  });

  test('F9, F12: a limited connection says so and is widened', async () => {
    const stand = openStand();
    const page = await openConnection(stand, 'active', { limit: 25 });
    await sees(page, text.stage.limit('25'));
    const modal = await modalOf(page, text.stage.widen);
    modal.confirm();
    await until('widened', () => stand.of('PATCH', /C1/).length === 1);
    expect(stand.of('PATCH', /C1/)[0]?.body).toEqual({ options: { limit: null, stage: 'all' } });
    await eventually(() => expect(page.maybeFind(Button, labelled(text.stage.widen))).toBeNull());
  });

  test('F3: while a run reads both sides it says how far it is', async () => {
    const stand = openStand();
    const page = await openConnection(stand, 'initial_sync');
    const { run } = statusOf({ state: 'initial_sync' });
    const reading = {
      ...run!,
      state: 'running',
      done: 0,
      total: null,
      estimatedSeconds: null,
      counts: { read: 12_300 },
    };
    stand.on('GET', /status$/, () => ({ body: { ...statusOf({ state: 'initial_sync' }), run: reading } }));
    await until('waiting', () => stand.waiting() > 0);
    stand.tick();
    await sees(page, text.reading('12,300'));
  });

  test('why it stopped is said in words', async () => {
    const stand = openStand();
    const page = await openConnection(stand, 'stopped');
    stand.on('GET', /status$/, () => ({ body: statusOf({ state: 'stopped', stateReason: 'klaviyo_disconnected' }) }));
    await until('waiting', () => stand.waiting() > 0);
    stand.tick();
    await sees(page, words.common.stateReason('klaviyo_disconnected'));
    expect(page.maybeFind(Alert, { title: words.common.states.stopped })).not.toBeNull();
    await press(page, words.overview.toAccounts);
    await sees(page, words.accounts.klaviyo);
  });

  test('F10: before anything is compared there is no proof, and it says so', async () => {
    const stand = openStand();
    const page = await openConnection(stand, 'active');
    stand.on('GET', /parity$/, () => ({
      body: {
        checkedPairs: 0,
        comparedValues: 0,
        agreeing: 0,
        differences: [],
        worstLagSeconds: 1,
        checkedAt: null,
      },
    }));
    await openTab(page, 'parity');
    await sees(page, text.parity.never);
    expect(drawnText(page.getRootNode())).not.toContain(text.parity.none);
  });

  test('F10: parity', async () => {
    const page = await openConnection(openStand(), 'active');
    await openTab(page, 'parity');
    await sees(page, text.parity.of('99', '100'));
    await sees(page, text.parity.none);
    expect(page.findAll(Tab).map(({ props }) => props.title)).toEqual(Object.values(text.tabs));
  });

  test('a part that the service does not know yet says so and can be tried again', async () => {
    const stand = openStand();
    serveContacts(stand, { ...complete, state: 'active' });
    let known = false;
    stand.on('GET', /parity$/, () =>
      known
        ? {
            body: {
              checkedPairs: 1,
              comparedValues: 2,
              agreeing: 2,
              differences: [],
              worstLagSeconds: 1,
              checkedAt: null,
            },
          }
        : { status: 404, body: 'Cannot GET' },
    );
    const page = openPage(stand);
    await press(page, words.overview.open);
    await sees(page, text.back);
    await openTab(page, 'parity');
    await sees(page, words.problem.notFoundFix);
    known = true;
    await press(page, words.common.retry);
    await sees(page, text.parity.of('2', '2'));
  });

  test('F6: a run is undone after showing what is put back and what is left alone', async () => {
    const stand = openStand();
    serveContacts(stand, { ...complete, state: 'active' });
    stand.on('GET', /runs/, () => ({
      body: {
        results: [
          {
            id: 'R1',
            kind: 'initial',
            state: 'finished',
            done: 10,
            total: 10,
            ratePerSecond: 5,
            estimatedSeconds: null,
            startedAt: '2026-11-23T10:00:00Z',
            finishedAt: '2026-11-23T10:02:00Z',
            counts: { createdInKlaviyo: 3 },
          },
        ],
        next: null,
      },
    }));
    stand.on('POST', /^\/runs\/R1\/undo$/, ({ body }) =>
      (body as { dryRun?: boolean }).dryRun === true ? { body: undoShown } : { status: 202, body: { runId: 'R2' } },
    );
    const page = openPage(stand);
    await press(page, words.overview.open);
    await sees(page, text.back);
    await openTab(page, 'runs');
    await sees(page, '3 new in Klaviyo');
    const modal = await modalOf(page, words.history.undoRun);
    await press(page, words.history.undoRun);
    await eventually(() => expect(modal.text()).toContain('Klaviyo · First name'));
    expect(modal.text()).toContain('Ada → Adá');
    expect(modal.text()).toContain('Somebody changed the value since.');
    modal.confirm();
    await until('undone', () => stand.of('POST', /undo$/).length === 2);
    expect(stand.of('POST', /undo$/).map(({ body }) => body)).toEqual([{ dryRun: true }, {}]);
    await until('closed', () => stand.closed.includes('undo-run-R1'));
  });
});

describe('the history', () => {
  const row = (part: Partial<HistoryRow> = {}): HistoryRow => ({
    id: 'H1',
    at: '2026-11-23T10:00:00Z',
    runId: 'R1',
    connectionId: 'C1',
    contact: { email: 'ada@example.com', hubspotId: '7', klaviyoId: 'P' },
    side: 'klaviyo',
    field: 'first_name',
    oldValue: 'Adá',
    newValue: 'Ada',
    action: 'update',
    because: 'It changed in HubSpot.',
    undoneBy: null,
    ...part,
  });
  async function openHistory(stand: Stand, rows: HistoryRow[]): Promise<Page> {
    serveContacts(stand, { ...complete, state: 'active' });
    stand.on('GET', /^\/history/, () => ({ body: { results: rows, next: null } }));
    const page = openPage(stand);
    await sees(page, words.overview.connections);
    await openTab(page, 'history');
    await sees(page, words.history.intro);
    return page;
  }

  test('F6: what, where, when, why, old and new value; one change is undone', async () => {
    const stand = openStand();
    const page = await openHistory(stand, [row(), row({ id: 'H2', undoneBy: 'R9' })]);
    stand.on('POST', /^\/history\/H1\/undo$/, ({ body }) =>
      (body as { dryRun?: boolean }).dryRun === true ? { body: undoShown } : { status: 202, body: { runId: 'R3' } },
    );
    await sees(page, 'Changed Klaviyo · First name');
    await sees(page, 'Adá → Ada');
    await sees(page, words.history.undone);
    const modal = await modalOf(page, words.history.undo);
    await press(page, words.history.undo);
    await eventually(() => expect(modal.text()).toContain(words.history.undoSays));
    modal.confirm();
    await until('undone', () => stand.of('POST', /undo$/).length === 2);
  });

  test('an undo that the service refuses stays open and says why', async () => {
    const stand = openStand();
    const page = await openHistory(stand, [row()]);
    stand.on('POST', /undo$/, () => refusal(409, 'run_open', 'A run is under way.', 'Wait until it is done.'));
    const modal = await modalOf(page, words.history.undo);
    await press(page, words.history.undo);
    await eventually(() => expect(modal.text()).toContain('Wait until it is done.'));
    expect(stand.closed).toEqual([]);
  });

  test('F6: searched by email or by ID; all of one contact is undone together', async () => {
    const stand = openStand();
    const page = await openHistory(stand, [row(), row({ id: 'H2' })]);
    const search = async (typed: string): Promise<void> => {
      await eventually(() => page.find(SearchInput, { name: 'history-contact' }));
      page.find(SearchInput, { name: 'history-contact' }).trigger('onInput', typed as never);
    };
    await search(' ada@example.com');
    await until('asked', () => stand.of('GET', /^\/history\?email=ada%40example\.com&/).length === 1);
    await eventually(() => page.find(Button, labelled(words.history.undoContact)));
    await search('7');
    await until('asked', () => stand.of('GET', /^\/history\?contactId=7&/).length === 1);
  });

  test('F6: a list is named, and an unknown one keeps its id', async () => {
    const stand = openStand();
    const list = { field: 'list Single', oldValue: null, newValue: 'Single', action: 'list_add' };
    const page = await openHistory(stand, [row(list), row({ ...list, id: 'H2', field: 'list Gone' })]);
    await sees(page, 'Added to list Klaviyo · Customers');
    await sees(page, 'Added to list Klaviyo · List Gone');
  });

  test('names of 30 accounts are read without asking more at once than HubSpot carries', async () => {
    const stand = openStand();
    const accounts = Array.from({ length: 30 }, (_, at) => ({ ...klaviyo, id: `K${at}`, name: `Shop ${at}` }));
    let [now, most] = [0, 0];
    const slowly = async (body: unknown): Promise<{ body: unknown }> => {
      now += 1;
      most = Math.max(most, now);
      await new Promise((resolve) => setTimeout(resolve, 1));
      now -= 1;
      return { body };
    };
    serveContacts(stand, { ...complete, state: 'active' });
    stand.on('GET', /^\/account$/, () => ({
      body: accountOf({
        klaviyoAccounts: accounts,
        connections: [{ id: 'C1', name: 'Contacts', type: 'contact', state: 'active' }],
      }),
    }));
    stand.on('GET', /^\/fields/, () => slowly(fields));
    stand.on('GET', /^\/klaviyo-accounts\/\w+\/lists/, () =>
      slowly({ results: [{ id: 'Far', name: 'List of the last shop' }], next: null }),
    );
    const list = { field: 'list Far', oldValue: null, newValue: 'Far', action: 'list_add' };
    stand.on('GET', /^\/history/, () => ({ body: { results: [row(list)], next: null } }));
    const page = openPage(stand);
    await sees(page, words.overview.connections);
    await openTab(page, 'history');
    await sees(page, 'Klaviyo · List of the last shop');
    await until('all accounts asked', () => stand.of('GET', /^\/klaviyo-accounts/).length === accounts.length);
    expect(most).toBeLessThanOrEqual(4);
  });

  test('an empty history says what will be there', async () => {
    const page = await openHistory(openStand(), []);
    await sees(page, words.history.noneText);
    expect(drawnText(page.getRootNode())).not.toContain(words.common.more);
  });
});
