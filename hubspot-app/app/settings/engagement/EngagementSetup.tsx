import { useRef, useState } from 'react';
import type { Account, EngagementConnection, KlaviyoAccount } from '../api-types.js';
import { words } from '../words.js';
import { ConnectStep } from '../setup/ConnectStep.js';
import { SaveStep } from '../setup/SaveStep.js';
import { WizardFrame } from '../setup/WizardFrame.js';
import { KeptChanges } from '../shared/KeptChanges.js';
import { useAction } from '../shared/use-action.js';
import { useDraft } from '../shared/use-draft.js';
import { ActivitiesStep } from './ActivitiesStep.js';
import { DetailsStep } from './DetailsStep.js';
import { EngagementActivate } from './EngagementActivate.js';
import {
  activitiesComplete,
  engagementAside,
  engagementBodyOf,
  engagementFormOf,
  newEngagementForm,
  sourcesComplete,
  withEngagementAside,
  type EngagementForm,
} from './engagement-form.js';
import { SourcesStep } from './SourcesStep.js';

const text = words.engagement;
type StepName = keyof typeof text.steps;
const setupSteps: StepName[] = ['connect', 'sources', 'activities', 'options', 'activate'];
const editSteps: StepName[] = ['sources', 'activities', 'options', 'save'];

/** The step on which a set-up is taken up again: where it was left, or the first that still lacks something. */
function firstStep(
  connection: EngagementConnection | null,
  form: EngagementForm,
  steps: readonly StepName[],
): StepName {
  if (form.klaviyoAccountId === '') return 'connect';
  const left = steps.find((name) => name === connection?.unsaved?.step);
  if (left === undefined) return 'sources';
  return steps.indexOf(left) > steps.indexOf('sources') && !sourcesComplete(form) ? 'sources' : left;
}

/** The guided set-up of email activity on timelines, and the same pages for changing it. */
export function EngagementSetup(props: {
  account: Account;
  connection: EngagementConnection | null;
  onLeave(): void;
  onDone(id: string): void;
  onAccount(): void;
}) {
  const { account, connection } = props;
  const editing = connection !== null && connection.state !== 'draft';
  const steps = editing ? editSteps : setupSteps;
  const [accounts, setAccounts] = useState(account.klaviyoAccounts);
  const [initial] = useState(() => {
    const usable = account.klaviyoAccounts.filter(({ state }) => state === 'connected');
    return connection === null
      ? newEngagementForm(usable.length === 1 ? (usable[0]?.id ?? '') : '', text.defaultName)
      : withEngagementAside(engagementFormOf(connection), connection.unsaved);
  });
  const [step, setStep] = useState<StepName>(() => firstStep(connection, initial, steps));
  /** The step that is kept: while a save is on its way, the one it leads to. */
  const keptStep = useRef(step);
  const [checked, setChecked] = useState(false);
  const draft = useDraft<EngagementForm>({
    initial,
    id: connection?.id ?? null,
    effective: connection === null ? null : engagementFormOf(connection),
    known: connection?.unsaved ?? null,
    create: ({ klaviyoAccountId }) => ({ type: 'engagement', klaviyoAccountId }),
    body: engagementBodyOf,
    created: (form, made) => ({ ...form, mappings: form.mappings ?? made.mappings }),
    aside: (form) => ({ step: keptStep.current, form: engagementAside(form, editing) }),
    goes: editing ? 'aside' : step === 'connect' ? 'nowhere' : 'into draft',
  });
  const { form, change } = draft;
  const going = useAction(async (to: StepName) => {
    const forward = steps.indexOf(to) > steps.indexOf(step);
    if (forward && form.klaviyoAccountId === '') return;
    const gap = !sourcesComplete(form) ? 'sources' : !activitiesComplete(form) ? 'activities' : null;
    if (forward && gap !== null && steps.indexOf(to) > steps.indexOf(gap)) {
      setChecked(true);
      keptStep.current = gap;
      setStep(gap);
      return;
    }
    keptStep.current = to;
    if (forward && !editing && step !== 'connect') {
      // What fails is shown as the draft's problem; the step stays.
      const saved = await draft.save().catch(() => null);
      if (saved === null) {
        keptStep.current = step;
        return;
      }
    } else draft.keep();
    setStep(to);
  });
  const choose = (chosen: KlaviyoAccount, justConnected: boolean): void => {
    if (!accounts.some(({ id }) => id === chosen.id)) setAccounts([...accounts, chosen]);
    if (chosen.id !== form.klaviyoAccountId) change(newEngagementForm(chosen.id, form.name));
    if (!justConnected) return;
    props.onAccount();
    keptStep.current = 'sources';
    setStep('sources');
  };
  const at = steps.indexOf(step);
  const following = steps[at + 1];
  return (
    <WizardFrame
      title={editing ? words.setup.editTitle(form.name) : text.newTitle}
      stepNames={steps.map((name) => text.steps[name])}
      step={at}
      onStep={(index) => {
        const to = steps[index];
        if (to !== undefined && to !== step) going.start(to);
      }}
      onNext={following === undefined || form.klaviyoAccountId === '' ? null : () => going.start(following)}
      busy={going.busy}
      onLeave={props.onLeave}
      leaveLabel={words.setup.leave}
      saving={draft.saving}
      savingWords={editing ? words.setup.keeping : words.setup.saving}
      problem={draft.problem}
      hint={editing ? '' : words.setup.nothingYet}
    >
      {editing && draft.changed ? <KeptChanges of={connection.unsaved} discard={draft.discard} /> : null}
      {step === 'connect' ? (
        <ConnectStep
          accounts={accounts}
          chosen={form.klaviyoAccountId === '' ? null : form.klaviyoAccountId}
          fixed={draft.id !== null}
          onChoose={choose}
        />
      ) : step === 'sources' ? (
        <SourcesStep form={form} change={change} checked={checked} />
      ) : step === 'activities' ? (
        <ActivitiesStep form={form} change={change} checked={checked} />
      ) : step === 'options' ? (
        <DetailsStep form={form} change={change} />
      ) : step === 'save' ? (
        <SaveStep changed={draft.changed} save={draft.save} onSaved={props.onDone} says={text.saveSays} />
      ) : (
        <EngagementActivate account={account} form={form} save={draft.save} onActivated={props.onDone} />
      )}
    </WizardFrame>
  );
}
