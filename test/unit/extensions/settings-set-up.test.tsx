import { describe, expect, test } from '@jest/globals';
import {
  Alert,
  Button,
  Form,
  Input,
  LoadingButton,
  MultiSelect,
  NumberInput,
  ProgressBar,
  Select,
  Statistics,
  StatisticsItem,
  StepIndicator,
  Text,
  Toggle,
  ToggleGroup,
} from '@hubspot/ui-extensions';
import { createRenderer } from '@hubspot/ui-extensions/testing';
import { App } from '../../../hubspot-app/app/settings/App.js';
import { PlatformProvider } from '../../../hubspot-app/app/settings/shared/platform.js';
import { words } from '../../../hubspot-app/app/settings/words.js';
import { drafted, serveContacts } from './settings-contact-service.js';
import { drawnText, eventually, keptOf, openStand, refusal, savedTo, until, type Stand } from './settings-stand.js';

const complete = drafted({
  rules: {
    hubspotToKlaviyo: [{ source: { all: true }, klaviyoListId: 'Single' }],
    klaviyoToHubspot: [{ source: { all: true } }],
  },
});

function open(stand: Stand) {
  const renderer = createRenderer('settings');
  renderer.render(
    <PlatformProvider value={stand.platform}>
      <App />
    </PlatformProvider>,
  );
  return renderer;
}
type Renderer = ReturnType<typeof open>;

/** The step that the set-up stands on, by its name. */
const step = (renderer: Renderer): string | undefined => {
  const indicator = renderer.maybeFind(StepIndicator);
  return indicator?.props.stepNames[indicator.props.currentStep ?? -1];
};
const button = (label: string) => (node: { text: string | null }) => node.text === label;

async function resume(
  stand: Stand,
  connection = complete,
  at: keyof typeof words.setup.steps = 'fields',
): Promise<Renderer> {
  serveContacts(stand, connection);
  const renderer = open(stand);
  await eventually(() => renderer.find(Button, button(words.overview.goOn)));
  renderer.find(Button, button(words.overview.goOn)).trigger('onClick');
  await eventually(() => expect(step(renderer)).toBe(words.setup.steps[at]));
  return renderer;
}
async function goTo(renderer: Renderer, name: keyof typeof words.setup.steps): Promise<void> {
  const indicator = renderer.find(StepIndicator);
  indicator.trigger('onClick', indicator.props.stepNames.indexOf(words.setup.steps[name]) as never);
  await until(name, () => step(renderer) === words.setup.steps[name]);
}

describe('the guided set-up', () => {
  test('A6: from nothing to the first sync in 12 clicks and typed fields or fewer', async () => {
    const stand = openStand();
    const service = serveContacts(stand);
    const renderer = open(stand);
    let acts = 0;
    const act = (doIt: () => void): void => {
      acts += 1;
      doIt();
    };
    await eventually(() => expect(step(renderer)).toBe(words.setup.steps.connect));
    act(() => renderer.find(Input, { name: 'klaviyo-key' }).trigger('onInput', 'pk_1234567890' as never));
    await until('the key', () => renderer.find(Input, { name: 'klaviyo-key' }).props.value === 'pk_1234567890');
    act(() => renderer.find(Form).trigger('onSubmit'));
    await eventually(() => expect(step(renderer)).toBe(words.setup.steps.who));
    await eventually(() =>
      expect(renderer.find(Select, { name: 'klaviyo-target-1' }).props.options).toContainEqual({
        value: 'Single',
        label: 'Customers',
      }),
    );
    // Opening the choice and choosing: two clicks.
    acts += 1;
    act(() => renderer.find(Select, { name: 'klaviyo-target-1' }).trigger('onChange', 'Single' as never));
    for (const name of ['fields', 'consent', 'preview', 'activate'] as const) {
      act(() => renderer.findByTestId(LoadingButton, 'next').trigger('onClick'));
      await until(name, () => step(renderer) === words.setup.steps[name]);
    }
    act(() => renderer.findByTestId(LoadingButton, 'activate').trigger('onClick'));
    await eventually(() => expect(renderer.find(ProgressBar).props.value).toBe(300));
    expect(acts).toBeLessThanOrEqual(12);
    expect(service.now()).toMatchObject({
      direction: 'two_way',
      rules: {
        hubspotToKlaviyo: [{ source: { all: true }, klaviyoListId: 'Single' }],
        klaviyoToHubspot: [{ source: { all: true } }],
      },
      options: { subscribe: false, winner: 'hubspot' },
    });
    // One draft, whose proposed fields are the service's.
    expect(stand.of('POST', /^\/connections$/)).toHaveLength(1);
    expect(stand.of('POST', /^\/connections$/)[0]?.body).not.toHaveProperty('mappings');
    expect(stand.told.at(-1)?.message).toBe(words.setup.activate.activated);
  });

  test('A2: a refused key says what is missing, and nothing is lost', async () => {
    const stand = openStand();
    serveContacts(stand);
    stand.on('POST', /^\/klaviyo-accounts$/, () =>
      refusal(422, 'missing_scope', 'The key may not read lists.', 'Create a key with lists:read.'),
    );
    const renderer = open(stand);
    await eventually(() => renderer.find(Form));
    renderer.find(Form).trigger('onSubmit');
    await eventually(() =>
      expect(renderer.find(Input, { name: 'klaviyo-key' }).props.validationMessage).toBe(
        words.setup.connect.keyMissing,
      ),
    );
    expect(stand.of('POST', /klaviyo/)).toHaveLength(0);
    renderer.find(Input, { name: 'klaviyo-key' }).trigger('onInput', 'pk_wrong' as never);
    await until('typed', () => renderer.find(Input, { name: 'klaviyo-key' }).props.value === 'pk_wrong');
    renderer.find(Form).trigger('onSubmit');
    await eventually(() => {
      const alert = renderer.findByTestId(Alert, 'problem');
      expect(drawnText(alert)).toContain('The key may not read lists.');
      expect(drawnText(alert)).toContain('Create a key with lists:read.');
    });
    expect(renderer.find(Input, { name: 'klaviyo-key' }).props.value).toBe('pk_wrong');
  });

  test('A2: logging in to Klaviyo elsewhere is noticed by itself', async () => {
    const stand = openStand();
    const service = serveContacts(stand);
    stand.on('POST', /^\/klaviyo-accounts\/oauth-link$/, () => ({
      status: 201,
      body: { url: 'https://service.example/oauth/klaviyo/start?t=1', expiresAt: '2026-11-23T12:10:00Z' },
    }));
    const renderer = open(stand);
    await eventually(() => renderer.find(LoadingButton, button(words.setup.connect.oauth)));
    renderer.find(LoadingButton, button(words.setup.connect.oauth)).trigger('onClick');
    await eventually(() =>
      expect(renderer.find(Button, button(words.setup.connect.oauthGo)).props.href).toEqual({
        url: 'https://service.example/oauth/klaviyo/start?t=1',
        external: true,
      }),
    );
    await stand.api.connectKlaviyo('meanwhile');
    await until('waiting', () => stand.waiting() > 0);
    stand.tick();
    await until('the next step', () => step(renderer) === words.setup.steps.who);
    expect(service.now()).toBeNull();
  });

  test('F1: a rule without its list keeps one on the step and says what is missing', async () => {
    const stand = openStand();
    serveContacts(stand);
    await stand.api.connectKlaviyo('pk_earlier');
    const renderer = open(stand);
    await eventually(() => expect(step(renderer)).toBe(words.setup.steps.who));
    renderer.findByTestId(LoadingButton, 'next').trigger('onClick');
    await eventually(() =>
      expect(renderer.find(Select, { name: 'klaviyo-target-1' }).props.validationMessage).toBe(
        words.setup.who.targetMissing,
      ),
    );
    expect(step(renderer)).toBe(words.setup.steps.who);
  });

  test('B2: several rules, chosen lists, one direction only', async () => {
    const stand = openStand();
    const service = serveContacts(stand, drafted());
    const renderer = open(stand);
    await eventually(() => renderer.find(Button, button(words.overview.goOn)));
    renderer.find(Button, button(words.overview.goOn)).trigger('onClick');
    await eventually(() => expect(step(renderer)).toBe(words.setup.steps.who));
    renderer.find(ToggleGroup, { name: 'direction' }).trigger('onChange', 'hubspot_to_klaviyo' as never);
    await eventually(() => expect(renderer.maybeFind(ToggleGroup, { name: 'klaviyo-source-1' })).toBeNull());
    renderer.find(Select, { name: 'klaviyo-target-1' }).trigger('onChange', 'Single' as never);
    renderer.findByTestId(Button, 'add-hubspot-rule').trigger('onClick');
    await eventually(() => renderer.find(Select, { name: 'klaviyo-target-2' }));
    renderer.find(Select, { name: 'klaviyo-target-2' }).trigger('onChange', 'Double' as never);
    await until('the second rule', () => renderer.find(Select, { name: 'klaviyo-target-2' }).props.value === 'Double');
    renderer.find(MultiSelect, { name: 'hubspot-lists-2' }).trigger('onChange', ['41'] as never);
    await until('the list', () => renderer.find(MultiSelect, { name: 'hubspot-lists-2' }).props.value?.[0] === '41');
    renderer.findByTestId(LoadingButton, 'next').trigger('onClick');
    await until('fields', () => step(renderer) === words.setup.steps.fields);
    expect(service.now()).toMatchObject({
      direction: 'hubspot_to_klaviyo',
      rules: {
        hubspotToKlaviyo: [
          { source: { all: true }, klaviyoListId: 'Single' },
          { source: { hubspotListIds: ['41'] }, klaviyoListId: 'Double' },
        ],
        klaviyoToHubspot: [],
      },
    });
  });

  test('C3: a double opt-in list is warned of before subscribing is saved', async () => {
    const stand = openStand();
    const connection = drafted({
      rules: { ...complete.rules, hubspotToKlaviyo: [{ source: { all: true }, klaviyoListId: 'Double' }] },
    });
    const renderer = await resume(stand, connection);
    await goTo(renderer, 'consent');
    await eventually(() => expect(renderer.find(Toggle, { name: 'subscribe' }).props.readonly).toBe(false));
    renderer.find(Toggle, { name: 'subscribe' }).trigger('onChange', true as never);
    await eventually(() =>
      expect(drawnText(renderer.findByTestId(Alert, 'double-opt-in'))).toContain('Careful people'),
    );
    stand.tick();
    expect(savedTo(stand)).toHaveLength(0);
    renderer.find(Button, button(words.setup.consent.leaveOff)).trigger('onClick');
    await eventually(() => expect(renderer.find(Toggle, { name: 'subscribe' }).props.checked).toBe(false));
    renderer.find(Toggle, { name: 'subscribe' }).trigger('onChange', true as never);
    await eventually(() => renderer.find(Button, button(words.setup.consent.subscribeAnyway)));
    stand.tick();
    expect(savedTo(stand)).toHaveLength(0);
    renderer.find(Button, button(words.setup.consent.subscribeAnyway)).trigger('onClick');
    await eventually(() => expect(renderer.find(Toggle, { name: 'subscribe' }).props.checked).toBe(true));
    stand.tick();
    await until('saved', () => savedTo(stand).length === 1);
    expect(savedTo(stand)[0]?.body).toMatchObject({ options: { subscribe: true } });
  });

  test('C1: with a single opt-in list the switch is one click, and switching off takes resubscribing with it', async () => {
    const stand = openStand();
    const renderer = await resume(stand);
    await goTo(renderer, 'consent');
    await eventually(() => expect(renderer.find(Toggle, { name: 'subscribe' }).props.readonly).toBe(false));
    expect(renderer.maybeFind(Toggle, { name: 'resubscribe' })).toBeNull();
    renderer.find(Toggle, { name: 'subscribe' }).trigger('onChange', true as never);
    await eventually(() => renderer.find(Toggle, { name: 'resubscribe' }));
    renderer.find(Toggle, { name: 'resubscribe' }).trigger('onChange', true as never);
    await until('on', () => renderer.find(Toggle, { name: 'resubscribe' }).props.checked === true);
    renderer.find(Toggle, { name: 'subscribe' }).trigger('onChange', false as never);
    await eventually(() => expect(renderer.maybeFind(Toggle, { name: 'resubscribe' })).toBeNull());
    await goTo(renderer, 'preview');
    expect(savedTo(stand)).toHaveLength(0);
  });

  test('F2: the preview shows counts, cost, reasons of skipping, before and after', async () => {
    const stand = openStand();
    const renderer = await resume(stand);
    await goTo(renderer, 'preview');
    await eventually(() => renderer.find(Statistics));
    const number = (label: string) => renderer.find(StatisticsItem, { label }).props.number;
    expect(number(words.preview.numbers.createKlaviyo)).toBe('900');
    expect(number(words.preview.numbers.conflict)).toBe('5');
    expect(renderer.find(Alert, { title: words.preview.cost('900', '7') })).toBeTruthy();
    expect(drawnText(renderer.getRootNode())).toContain('The contact has no email address.');
    await eventually(() => expect(drawnText(renderer.getRootNode())).toContain('Klaviyo · First name: Adá → Ada'));
  });

  test('F2: a preview under way says how far it is and is asked for again', async () => {
    const stand = openStand();
    let asked = 0;
    serveContacts(stand, complete);
    const renderer = await resume(stand);
    stand.on('GET', /^\/connections\/C1\/preview\/P1$/, () => {
      asked += 1;
      return asked < 3
        ? { body: { id: 'P1', state: 'running', error: null, examined: 100 * asked, samples: [], skipped: [] } }
        : { body: { id: 'P1', state: 'failed', error: 'HubSpot does not answer.' } };
    });
    await goTo(renderer, 'preview');
    await eventually(() => expect(drawnText(renderer.getRootNode())).toContain('100'));
    await until('waiting', () => stand.waiting() > 0);
    stand.tick();
    await eventually(() => expect(drawnText(renderer.getRootNode())).toContain('200'));
    await until('waiting', () => stand.waiting() > 0);
    stand.tick();
    await eventually(() => expect(drawnText(renderer.getRootNode())).toContain('HubSpot does not answer.'));
  });

  test('F1: what activation refuses leads to the step where it is put right', async () => {
    const stand = openStand();
    const renderer = await resume(stand);
    stand.on('POST', /activate$/, () =>
      refusal(
        422,
        'field_missing',
        'HubSpot has no property “gone”.',
        'Choose another.',
        'mappings.0.hubspot.property',
      ),
    );
    await goTo(renderer, 'activate');
    renderer.findByTestId(LoadingButton, 'activate').trigger('onClick');
    const label = words.setup.activate.goToStep(words.setup.steps.fields);
    await eventually(() => renderer.find(Button, button(label)));
    expect(drawnText(renderer.findByTestId(Alert, 'problem'))).toContain('Choose another.');
    renderer.find(Button, button(label)).trigger('onClick');
    await eventually(() => expect(step(renderer)).toBe(words.setup.steps.fields));
  });

  test('F9, F12, F13: a test of some people, stages and a ceiling are saved before activating', async () => {
    const stand = openStand();
    const renderer = await resume(stand);
    await goTo(renderer, 'activate');
    renderer.find(ToggleGroup, { name: 'how' }).trigger('onChange', 'limited' as never);
    await eventually(() => expect(renderer.find(NumberInput, { name: 'limit' }).props.value).toBe(100));
    renderer.find(NumberInput, { name: 'limit' }).trigger('onChange', 25 as never);
    renderer.find(NumberInput, { name: 'ceiling' }).trigger('onChange', 5000 as never);
    await until('typed', () => renderer.find(NumberInput, { name: 'ceiling' }).props.value === 5000);
    renderer.findByTestId(LoadingButton, 'activate').trigger('onClick');
    await until('activated', () => stand.of('POST', /activate$/).length === 1);
    expect(stand.of('PATCH', /C1/).at(-1)?.body).toMatchObject({
      options: { limit: 25, stage: 'all', maxNewRecords: 5000 },
    });
    const order = stand.calls.map(({ method, path }) => `${method} ${path}`);
    expect(order.indexOf('PATCH /connections/C1')).toBeLessThan(order.indexOf('POST /connections/C1/activate'));
  });

  test('F1: leaving keeps the last change, and the draft is taken up where it was', async () => {
    const stand = openStand();
    const renderer = await resume(stand);
    renderer.find(Select, { name: 'winner' }).trigger('onChange', 'klaviyo' as never);
    await until('chosen', () => renderer.find(Select, { name: 'winner' }).props.value === 'klaviyo');
    renderer.find(Button, button(words.setup.leave)).trigger('onClick');
    await until('saved', () => stand.of('PATCH', /C1/).length === 1);
    expect(stand.of('PATCH', /C1/)[0]?.body).toMatchObject({ options: { winner: 'klaviyo' } });
    await eventually(() => renderer.find(Button, button(words.overview.goOn)));
    renderer.find(Button, button(words.overview.goOn)).trigger('onClick');
    await eventually(() => expect(renderer.find(Select, { name: 'winner' }).props.value).toBe('klaviyo'));
  });

  test.each(['fields', 'consent', 'preview', 'activate'] as const)(
    'F1: a set-up that is left at “%s” is taken up there, on any computer',
    async (left) => {
      const stand = openStand();
      const renderer = await resume(stand);
      await goTo(renderer, left);
      // Left by closing the page: nothing of it is asked to save any more.
      await until(
        'kept',
        () => (keptOf(stand).at(-1) as { step?: string } | undefined)?.step === left || left === 'fields',
      );
      const again = open(stand);
      await eventually(() => again.find(Button, button(words.overview.goOn)));
      again.find(Button, button(words.overview.goOn)).trigger('onClick');
      await eventually(() => expect(step(again)).toBe(words.setup.steps[left]));
    },
  );

  test('F1: a rule that still lacks its Klaviyo list is there again', async () => {
    const stand = openStand();
    const renderer = await resume(stand, drafted(), 'who');
    await eventually(() => renderer.find(ToggleGroup, { name: 'hubspot-source-1' }));
    renderer.find(ToggleGroup, { name: 'hubspot-source-1' }).trigger('onChange', 'lists' as never);
    await eventually(() => renderer.find(MultiSelect, { name: 'hubspot-lists-1' }));
    renderer.find(MultiSelect, { name: 'hubspot-lists-1' }).trigger('onChange', ['41'] as never);
    await until('chosen', () => renderer.find(MultiSelect, { name: 'hubspot-lists-1' }).props.value?.length === 1);
    stand.tick();
    await until('kept', () => keptOf(stand).length > 0);
    expect(savedTo(stand)).toEqual([]);
    const again = open(stand);
    await eventually(() => again.find(Button, button(words.overview.goOn)));
    again.find(Button, button(words.overview.goOn)).trigger('onClick');
    await eventually(() => expect(again.find(MultiSelect, { name: 'hubspot-lists-1' }).props.value).toEqual(['41']));
    expect(again.find(Select, { name: 'klaviyo-target-1' }).props.value).toBe('');
  });

  test('A6: who trusts the proposal goes from the list straight to the preview', async () => {
    const stand = openStand();
    const renderer = await resume(stand, drafted(), 'who');
    await eventually(() => renderer.find(Select, { name: 'klaviyo-target-1' }));
    renderer.find(Select, { name: 'klaviyo-target-1' }).trigger('onChange', 'Single' as never);
    await until('chosen', () => renderer.find(Select, { name: 'klaviyo-target-1' }).props.value === 'Single');
    renderer.findByTestId(Button, 'shortcut').trigger('onClick');
    await until('preview', () => step(renderer) === words.setup.steps.preview);
    expect(savedTo(stand)[0]?.body).toMatchObject({ rules: { hubspotToKlaviyo: [{ klaviyoListId: 'Single' }] } });
  });

  test('a save that fails says so, keeps the step and can be tried again', async () => {
    const stand = openStand();
    const renderer = await resume(stand);
    let down = true;
    stand.on('PATCH', /C1/, () => (down ? { status: 502, body: 'Bad gateway' } : { body: complete }));
    renderer.find(Select, { name: 'winner' }).trigger('onChange', 'klaviyo' as never);
    await until('chosen', () => renderer.find(Select, { name: 'winner' }).props.value === 'klaviyo');
    renderer.findByTestId(LoadingButton, 'next').trigger('onClick');
    await eventually(() =>
      expect(drawnText(renderer.findByTestId(Alert, 'problem'))).toContain(words.problem.failed(502)),
    );
    expect(step(renderer)).toBe(words.setup.steps.fields);
    down = false;
    renderer.findByTestId(LoadingButton, 'next').trigger('onClick');
    await until('consent', () => step(renderer) === words.setup.steps.consent);
    expect(renderer.findAll(Text, (node) => node.text?.includes(words.setup.saving.saved) === true)).toHaveLength(1);
  });
});
