import { Accordion, Button, Divider, Flex, Heading, Input, Text, Toggle, ToggleGroup } from '@hubspot/ui-extensions';
import type { Direction } from '../api-types.js';
import { words } from '../words.js';
import { sendsToHubspot, sendsToKlaviyo, type ContactForm } from './contact-form.js';
import { HubspotRuleForm } from './HubspotRuleForm.js';
import { KlaviyoRuleForm } from './KlaviyoRuleForm.js';

const text = words.setup.who;
const directions = Object.keys(text.directions) as Direction[];

/** Direction and rules. `checked` is whether the person tried to go on, so that gaps are pointed out. */
export function WhoStep(props: { form: ContactForm; change(part: Partial<ContactForm>): void; checked: boolean }) {
  const { form, change, checked } = props;
  const options = (part: Partial<ContactForm['options']>): void => change({ options: { ...form.options, ...part } });
  return (
    <Flex direction="column" gap="medium">
      <Heading>{text.title}</Heading>
      <ToggleGroup
        toggleType="radioButtonList"
        name="direction"
        label={text.direction}
        value={form.direction}
        options={directions.map((value) => ({
          value,
          label: text.directions[value],
          description: text.directionHelp[value],
        }))}
        onChange={(value: string) => {
          const direction = directions.find((one) => one === value);
          if (direction !== undefined) change({ direction });
        }}
      />
      {sendsToKlaviyo(form.direction) ? (
        <Flex direction="column" gap="small">
          <Divider />
          <Heading>{text.fromHubspot}</Heading>
          <Text variant="microcopy">{text.fromHubspotHelp}</Text>
          {form.hubspotRules.map((rule, index) => (
            <HubspotRuleForm
              key={index}
              number={index + 1}
              rule={rule}
              accountId={form.klaviyoAccountId}
              checked={checked}
              onChange={(changed) =>
                change({ hubspotRules: form.hubspotRules.map((one, at) => (at === index ? changed : one)) })
              }
              {...(form.hubspotRules.length === 1
                ? {}
                : { onRemove: () => change({ hubspotRules: form.hubspotRules.filter((_, at) => at !== index) }) })}
            />
          ))}
          <Flex>
            <Button
              size="sm"
              onClick={() =>
                change({
                  hubspotRules: [...form.hubspotRules, { source: { hubspotListIds: [] }, klaviyoListId: '' }],
                })
              }
              testId="add-hubspot-rule"
            >
              {text.addRule}
            </Button>
          </Flex>
        </Flex>
      ) : null}
      {sendsToHubspot(form.direction) ? (
        <Flex direction="column" gap="small">
          <Divider />
          <Heading>{text.fromKlaviyo}</Heading>
          {form.klaviyoRules.map((rule, index) => (
            <KlaviyoRuleForm
              key={index}
              number={index + 1}
              rule={rule}
              accountId={form.klaviyoAccountId}
              checked={checked}
              onChange={(changed) =>
                change({ klaviyoRules: form.klaviyoRules.map((one, at) => (at === index ? changed : one)) })
              }
              {...(form.klaviyoRules.length === 1
                ? {}
                : { onRemove: () => change({ klaviyoRules: form.klaviyoRules.filter((_, at) => at !== index) }) })}
            />
          ))}
          <Flex>
            <Button
              size="sm"
              onClick={() =>
                change({
                  klaviyoRules: [...form.klaviyoRules, { source: { klaviyoListIds: [], klaviyoSegmentIds: [] } }],
                })
              }
              testId="add-klaviyo-rule"
            >
              {text.addRule}
            </Button>
          </Flex>
        </Flex>
      ) : null}
      <Accordion title={text.more} size="sm">
        <Flex direction="column" gap="small">
          <Input name="connection-name" label={text.name} value={form.name} onChange={(name) => change({ name })} />
          {sendsToKlaviyo(form.direction) ? (
            <Toggle
              name="create-in-klaviyo"
              label={text.createInKlaviyo}
              checked={form.options.createInKlaviyo}
              onChange={(createInKlaviyo) => options({ createInKlaviyo })}
            />
          ) : null}
          {sendsToHubspot(form.direction) ? (
            <Toggle
              name="create-in-hubspot"
              label={text.createInHubspot}
              checked={form.options.createInHubspot}
              onChange={(createInHubspot) => options({ createInHubspot })}
            />
          ) : null}
        </Flex>
      </Accordion>
    </Flex>
  );
}
