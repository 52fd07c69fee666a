import { useState } from 'react';
import {
  Button,
  DescriptionList,
  DescriptionListItem,
  Flex,
  Heading,
  LoadingButton,
  NumberInput,
  Text,
  ToggleGroup,
} from '@hubspot/ui-extensions';
import type { ContactOptions } from '../api-types.js';
import { words } from '../words.js';
import { usePlatform } from '../shared/platform.js';
import { ProblemAlert } from '../shared/ProblemAlert.js';
import { useAction } from '../shared/use-action.js';
import { CeilingInput } from './CeilingInput.js';
import type { ContactForm } from './contact-form.js';
import { stepOfField, type StepName } from './contact-steps.js';
import { wholeNumber } from './whole-number.js';

const text = words.setup.activate;
type How = 'all' | 'canary' | 'limited';

/** How to begin, what will happen, and the button that begins. */
export function ActivateStep(props: {
  form: ContactForm;
  change(part: Partial<ContactForm>): void;
  /** Sends what is not sent yet; answers the connection's id. */
  save(): Promise<string>;
  onActivated(id: string): void;
  goTo(step: StepName): void;
}) {
  const { api, tell } = usePlatform();
  const { form, change } = props;
  const { options } = form;
  const set = (part: Partial<ContactOptions>): void => change({ options: { ...form.options, ...part } });
  const [how, setHow] = useState<How>(options.limit !== null ? 'limited' : options.stage === 'all' ? 'all' : 'canary');
  const [missing, setMissing] = useState(false);
  const activating = useAction(async () => {
    const id = await props.save();
    await api.activate(id);
    tell('success', text.activated);
    props.onActivated(id);
  });
  const activate = (): void => {
    const lacking = how === 'limited' && options.limit === null;
    setMissing(lacking);
    if (!lacking) activating.start();
  };
  const choose = (value: string): void => {
    const chosen: How = value === 'canary' || value === 'limited' ? value : 'all';
    setHow(chosen);
    set({ stage: chosen === 'canary' ? 'canary' : 'all', limit: chosen === 'limited' ? (options.limit ?? 100) : null });
  };
  const step = stepOfField(activating.problem?.field ?? null);
  return (
    <Flex direction="column" gap="medium">
      <Heading>{text.title}</Heading>
      <DescriptionList direction="row">
        <DescriptionListItem label={text.summaryDirection}>
          <Text>{words.setup.who.directions[form.direction]}</Text>
        </DescriptionListItem>
        <DescriptionListItem label={text.summaryFields}>
          <Text>{words.setup.fields.mapped(form.mappings?.length ?? 0)}</Text>
        </DescriptionListItem>
        <DescriptionListItem label={text.summarySubscribe}>
          <Text>{options.subscribe ? text.subscribes : text.subscribesNot}</Text>
        </DescriptionListItem>
        <DescriptionListItem label={text.summaryOptOuts}>
          <Text>{words.setup.consent.carry[options.carryOptOuts]}</Text>
        </DescriptionListItem>
      </DescriptionList>
      <ToggleGroup
        toggleType="radioButtonList"
        name="how"
        label={text.how}
        value={how}
        options={[
          { value: 'all', label: text.all, description: text.allHelp },
          { value: 'canary', label: text.canary, description: text.canaryHelp },
          { value: 'limited', label: text.limited, description: text.limitedHelp },
        ]}
        onChange={choose}
      />
      {how === 'limited' ? (
        <NumberInput
          name="limit"
          label={text.limit}
          min={1}
          precision={0}
          {...(options.limit === null ? {} : { value: options.limit })}
          error={missing}
          {...(missing ? { validationMessage: text.limitMissing } : {})}
          onChange={(limit) => set({ limit: wholeNumber(limit, 1) })}
        />
      ) : null}
      <CeilingInput form={form} change={change} />
      <Text variant="microcopy">{text.afterwards}</Text>
      <ProblemAlert problem={activating.problem} />
      {step === null ? null : (
        <Flex>
          <Button size="sm" onClick={() => props.goTo(step)}>
            {text.goToStep(words.setup.steps[step])}
          </Button>
        </Flex>
      )}
      <Flex>
        <LoadingButton variant="primary" loading={activating.busy} onClick={activate} testId="activate">
          {text.activate}
        </LoadingButton>
      </Flex>
    </Flex>
  );
}
