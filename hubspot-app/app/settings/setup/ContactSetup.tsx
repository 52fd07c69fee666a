import { useRef, useState } from 'react';
import type { Account, ContactConnection, KlaviyoAccount } from '../api-types.js';
import { asProblem } from '../api/problem.js';
import { words } from '../words.js';
import { KeptChanges } from '../shared/KeptChanges.js';
import { useAction } from '../shared/use-action.js';
import { useDraft } from '../shared/use-draft.js';
import { ActivateStep } from './ActivateStep.js';
import { CeilingInput } from './CeilingInput.js';
import { ConnectStep } from './ConnectStep.js';
import { ConsentStep } from './ConsentStep.js';
import {
  bodyOf,
  contactAside,
  formOf,
  newContactForm,
  rulesComplete,
  withAside,
  type ContactForm,
} from './contact-form.js';
import { editSteps, setupSteps, stepOfField, type StepName } from './contact-steps.js';
import { FieldsStep } from './FieldsStep.js';
import { PreviewStep } from './PreviewStep.js';
import { SaveStep } from './SaveStep.js';
import { WhoStep } from './WhoStep.js';
import { WizardFrame } from './WizardFrame.js';

const text = words.setup;

/** The step on which a set-up is taken up again: where it was left, or the first that still lacks something. */
function firstStep(connection: ContactConnection | null, form: ContactForm, steps: readonly StepName[]): StepName {
  if (form.klaviyoAccountId === '') return 'connect';
  const left = steps.find((name) => name === connection?.unsaved?.step);
  // Drafts that were made elsewhere keep no step.
  if (left === undefined) return connection?.state === 'draft' && rulesComplete(form) ? 'fields' : 'who';
  return steps.indexOf(left) > steps.indexOf('who') && !rulesComplete(form) ? 'who' : left;
}

/**
 * The guided set-up of a contact connection, and the same pages for changing one. A draft is saved while it is edited;
 * what syncs already is saved at the end only, after saying what that does.
 */
export function ContactSetup(props: {
  account: Account;
  connection: ContactConnection | null;
  onLeave(): void;
  onDone(id: string): void;
  /** A Klaviyo account was connected on the way. */
  onAccount(): void;
}) {
  const { account, connection } = props;
  const editing = connection !== null && connection.state !== 'draft';
  const steps = editing ? editSteps : setupSteps;
  const [accounts, setAccounts] = useState(account.klaviyoAccounts);
  const [initial] = useState(() => {
    const usable = account.klaviyoAccounts.filter(({ state }) => state === 'connected');
    const [only] = usable;
    if (connection !== null) return withAside(formOf(connection), connection.unsaved);
    return only !== undefined && usable.length === 1
      ? newContactForm(only.id, text.defaultName(only.name))
      : newContactForm('', text.noName);
  });
  const [step, setStep] = useState<StepName>(() => firstStep(connection, initial, steps));
  /** The step that is kept: while a save is on its way, the one it leads to. */
  const keptStep = useRef(step);
  const [checked, setChecked] = useState(false);
  const draft = useDraft<ContactForm>({
    initial,
    id: connection?.id ?? null,
    effective: connection === null ? null : formOf(connection),
    known: connection?.unsaved ?? null,
    create: ({ klaviyoAccountId }) => ({ type: 'contact', klaviyoAccountId }),
    body: bodyOf,
    created: (form, made) => ({ ...form, mappings: form.mappings ?? made.mappings }),
    aside: (form) => ({ step: keptStep.current, form: contactAside(form, editing) }),
    // Choosing an account alone is no draft yet: a draft cannot change its account.
    goes: editing ? 'aside' : step === 'connect' ? 'nowhere' : 'into draft',
  });
  const { form, change } = draft;

  const going = useAction(async (to: StepName) => {
    const forward = steps.indexOf(to) > steps.indexOf(step);
    if (forward && form.klaviyoAccountId === '') return;
    if (forward && steps.indexOf(to) > steps.indexOf('who') && !rulesComplete(form)) {
      setChecked(true);
      keptStep.current = 'who';
      setStep('who');
      return;
    }
    keptStep.current = to;
    if (forward && !editing && step !== 'connect') {
      try {
        await draft.save();
      } catch (thrown) {
        // Shown as the draft's problem, with the step where it can be put right.
        keptStep.current = stepOfField(asProblem(thrown).field) ?? step;
        setStep(keptStep.current);
        return;
      }
    } else draft.keep();
    setStep(to);
  });
  const choose = (chosen: KlaviyoAccount, justConnected: boolean): void => {
    if (!accounts.some(({ id }) => id === chosen.id)) setAccounts([...accounts, chosen]);
    // Lists belong to the account they were chosen in.
    if (chosen.id !== form.klaviyoAccountId) change(newContactForm(chosen.id, text.defaultName(chosen.name)));
    if (!justConnected) return;
    props.onAccount();
    keptStep.current = 'who';
    setStep('who');
  };
  const at = steps.indexOf(step);
  const last = step === 'activate' || step === 'save';
  // What comes between is proposed: who trusts it goes on to see what it would do.
  const shortcut = !editing && (step === 'who' || step === 'fields');
  const following = steps[at + 1];
  return (
    <WizardFrame
      title={editing ? text.editTitle(form.name) : text.newTitle}
      stepNames={steps.map((name) => text.steps[name])}
      step={at}
      onStep={(index) => {
        const to = steps[index];
        if (to !== undefined && to !== step) going.start(to);
      }}
      onNext={last || following === undefined || form.klaviyoAccountId === '' ? null : () => going.start(following)}
      {...(shortcut ? { shortcut: { label: text.toPreview, go: () => going.start('preview') } } : {})}
      busy={going.busy}
      onLeave={props.onLeave}
      leaveLabel={text.leave}
      saving={draft.saving}
      savingWords={editing ? text.keeping : text.saving}
      problem={draft.problem}
      hint={editing ? '' : text.nothingYet}
    >
      {editing && draft.changed ? <KeptChanges of={connection.unsaved} discard={draft.discard} /> : null}
      {step === 'connect' ? (
        <ConnectStep
          accounts={accounts}
          chosen={form.klaviyoAccountId === '' ? null : form.klaviyoAccountId}
          fixed={draft.id !== null}
          onChoose={choose}
        />
      ) : step === 'who' ? (
        <WhoStep form={form} change={change} checked={checked} />
      ) : step === 'fields' ? (
        <FieldsStep form={form} change={change} />
      ) : step === 'consent' ? (
        <ConsentStep form={form} change={change} />
      ) : step === 'preview' ? (
        draft.id === null ? null : (
          <PreviewStep connectionId={draft.id} />
        )
      ) : step === 'save' ? (
        <SaveStep changed={draft.changed} save={draft.save} onSaved={props.onDone}>
          <CeilingInput form={form} change={change} />
        </SaveStep>
      ) : (
        <ActivateStep
          form={form}
          change={change}
          save={draft.save}
          onActivated={props.onDone}
          goTo={(to) => going.start(to)}
        />
      )}
    </WizardFrame>
  );
}
