import { useState } from 'react';
import { Alert, Button, Divider, Flex, Heading, Select, Text, Toggle } from '@hubspot/ui-extensions';
import type { ContactOptions } from '../api-types.js';
import { words } from '../words.js';
import { usePlatform } from '../shared/platform.js';
import { ProblemAlert } from '../shared/ProblemAlert.js';
import { useItems } from '../shared/use-items.js';
import { sendsToKlaviyo, type ContactForm } from './contact-form.js';

const text = words.setup.consent;
const carries = Object.keys(text.carry) as ContactOptions['carryOptOuts'][];

/** The switches that touch consent, each with what it does. A double opt-in list is warned of before it is saved (C3). */
export function ConsentStep({ form, change }: { form: ContactForm; change(part: Partial<ContactForm>): void }) {
  const { api } = usePlatform();
  const [asking, setAsking] = useState(false);
  const { options } = form;
  const set = (part: Partial<ContactOptions>): void => change({ options: { ...form.options, ...part } });
  const lists = useItems(`opt-in ${form.klaviyoAccountId}`, '', (search, cursor) =>
    api.klaviyoPicker(form.klaviyoAccountId, 'lists', search, cursor),
  );
  const targets = new Set(form.hubspotRules.map(({ klaviyoListId }) => klaviyoListId));
  const double = (lists.data?.items ?? [])
    .filter(({ id, optIn }) => targets.has(id) && optIn === 'double_opt_in')
    .map(({ name }) => `“${name}”`)
    .join(', ');
  const toKlaviyo = sendsToKlaviyo(form.direction);
  const subscribe = (on: boolean): void => {
    setAsking(on && double !== '');
    if (!on || double === '') set({ subscribe: on, ...(on ? {} : { resubscribe: false }) });
  };
  return (
    <Flex direction="column" gap="medium">
      <Heading>{text.title}</Heading>
      <Text>{text.intro}</Text>
      {toKlaviyo ? (
        <>
          <Switch
            name="subscribe"
            label={text.subscribe}
            says={text.subscribeSays}
            // While it is asked about it stands as it was put: leaving it off puts it back.
            checked={options.subscribe || asking}
            // Until the lists are read it is not known whether one of them is double opt-in.
            readOnly={lists.data === null && lists.problem === null}
            onChange={subscribe}
          />
          {asking && !options.subscribe ? (
            <Alert title={text.doubleTitle} variant="warning" testId="double-opt-in">
              <Flex direction="column" gap="small">
                <Text>{text.doubleText(double)}</Text>
                <Text>{text.doubleFix}</Text>
                <Flex gap="small">
                  <Button
                    size="sm"
                    onClick={() => {
                      setAsking(false);
                      set({ subscribe: true });
                    }}
                  >
                    {text.subscribeAnyway}
                  </Button>
                  <Button size="sm" variant="primary" onClick={() => setAsking(false)}>
                    {text.leaveOff}
                  </Button>
                </Flex>
              </Flex>
            </Alert>
          ) : null}
          {options.subscribe && double !== '' ? (
            <Alert title={text.doubleOn(double)} variant="warning">
              <Text>{text.doubleFix}</Text>
            </Alert>
          ) : null}
          <ProblemAlert problem={lists.problem} />
          {options.subscribe ? (
            <Switch
              name="resubscribe"
              label={text.resubscribe}
              says={text.resubscribeSays}
              checked={options.resubscribe}
              onChange={(resubscribe) => set({ resubscribe })}
            />
          ) : null}
          <Switch
            name="unsubscribe-on-exit"
            label={text.unsubscribeOnExit}
            says={text.unsubscribeOnExitSays}
            checked={options.unsubscribeOnExit}
            onChange={(unsubscribeOnExit) => set({ unsubscribeOnExit })}
          />
        </>
      ) : null}
      <Divider />
      <Select
        name="carry-opt-outs"
        label={text.carryOptOuts}
        description={text.carryOptOutsSays}
        value={options.carryOptOuts}
        options={carries.map((value) => ({ value, label: text.carry[value] }))}
        onChange={(value) => {
          const carryOptOuts = carries.find((one) => one === value);
          if (carryOptOuts !== undefined) set({ carryOptOuts });
        }}
      />
      <Switch
        name="erase"
        label={text.erase}
        says={text.eraseSays}
        checked={options.erasePrivacyDeletionsInKlaviyo}
        onChange={(erasePrivacyDeletionsInKlaviyo) => set({ erasePrivacyDeletionsInKlaviyo })}
      />
    </Flex>
  );
}

function Switch(props: {
  name: string;
  label: string;
  says: string;
  checked: boolean;
  readOnly?: boolean;
  onChange(on: boolean): void;
}) {
  return (
    <Flex direction="column" gap="flush">
      <Toggle
        name={props.name}
        label={props.label}
        labelDisplay="inline"
        textChecked={text.on}
        textUnchecked={text.off}
        checked={props.checked}
        readonly={props.readOnly ?? false}
        onChange={props.onChange}
      />
      <Text variant="microcopy">{props.says}</Text>
    </Flex>
  );
}
