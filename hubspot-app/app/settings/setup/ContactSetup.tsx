import { useState } from 'react';
import type { Account, ContactConnection, KlaviyoAccount } from '../api-types.js';
import { asProblem } from '../api/problem.js';
import { words } from '../words.js';
import { useAction } from '../shared/use-action.js';
import { useDraft } from '../shared/use-draft.js';
import { ActivateStep } from './ActivateStep.js';
import { ConnectStep } from './ConnectStep.js';
import { ConsentStep } from './ConsentStep.js';
import { bodyOf, formOf, newContactForm, rulesComplete, type ContactForm } from './contact-form.js';
import { editSteps, setupSteps, stepOfField, type StepName } from './contact-steps.js';
import { FieldsStep } from './FieldsStep.js';
import { PreviewStep } from './PreviewStep.js';
import { SaveStep } from './SaveStep.js';
import { WhoStep } from './WhoStep.js';
import { WizardFrame } from './WizardFrame.js';

const text = words.setup;

/** The step on which a set-up is taken up again. */
function firstStep(connection: ContactConnection | null, form: ContactForm): StepName {
  if (form.klaviyoAccountId === '') return 'connect';
  return connection?.state === 'draft' && rulesComplete(form) ? 'fields' : 'who';
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
    if (connection !== null) return formOf(connection);
    return only !== undefined && usable.length === 1
      ? newContactForm(only.id, text.defaultName(only.name))
      : newContactForm('', text.noName);
  });
  const [step, setStep] = useState<StepName>(() => firstStep(connection, initial));
  const [checked, setChecked] = useState(false);
  const draft = useDraft<ContactForm>({
    initial,
    id: connection?.id ?? null,
    create: ({ klaviyoAccountId }) => ({ type: 'contact', klaviyoAccountId }),
    body: bodyOf,
    created: (form, made) => ({ ...form, mappings: form.mappings ?? made.mappings }),
    // Choosing an account alone is no draft yet: a draft cannot change its account.
    auto: !editing && step !== 'connect',
  });
  const { form, change } = draft;

  const going = useAction(async (to: StepName) => {
    const forward = steps.indexOf(to) > steps.indexOf(step);
    if (forward && form.klaviyoAccountId === '') return;
    if (forward && steps.indexOf(to) > steps.indexOf('who') && !rulesComplete(form)) {
      setChecked(true);
      setStep('who');
      return;
    }
    if (forward && !editing && step !== 'connect') {
      try {
        await draft.save();
      } catch (thrown) {
        // Shown as the draft's problem, with the step where it can be put right.
        setStep(stepOfField(asProblem(thrown).field) ?? step);
        return;
      }
    }
    setStep(to);
  });
  const choose = (chosen: KlaviyoAccount, justConnected: boolean): void => {
    if (!accounts.some(({ id }) => id === chosen.id)) setAccounts([...accounts, chosen]);
    // Lists belong to the account they were chosen in.
    if (chosen.id !== form.klaviyoAccountId) change(newContactForm(chosen.id, text.defaultName(chosen.name)));
    if (!justConnected) return;
    props.onAccount();
    setStep('who');
  };
  const at = steps.indexOf(step);
  const last = step === 'activate' || step === 'save';
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
      busy={going.busy}
      onLeave={props.onLeave}
      leaveLabel={editing ? text.leaveEdit : text.leave}
      saving={draft.saving}
      problem={draft.problem}
      hint={editing ? '' : text.nothingYet}
    >
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
          <PreviewStep connectionId={draft.id} accountId={form.klaviyoAccountId} />
        )
      ) : step === 'save' ? (
        <SaveStep changed={draft.saving !== 'none'} save={draft.save} onSaved={props.onDone} />
      ) : (
        <ActivateStep
          form={form}
          change={change}
          save={draft.save}
          onActivated={props.onDone}
          goTo={(to) => setStep(to)}
        />
      )}
    </WizardFrame>
  );
}
