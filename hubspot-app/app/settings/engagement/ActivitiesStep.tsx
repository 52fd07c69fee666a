import { Alert, Flex, Heading, Text, Toggle } from '@hubspot/ui-extensions';
import type { Activity } from '../api-types.js';
import { words } from '../words.js';
import { activitiesComplete, type EngagementForm } from './engagement-form.js';

const text = words.engagement.activities;
const kinds = Object.keys(text.names) as Activity[];

/** Which activities appear on the timeline (E2). */
export function ActivitiesStep(props: {
  form: EngagementForm;
  change(part: Partial<EngagementForm>): void;
  checked: boolean;
}) {
  const { form, change } = props;
  return (
    <Flex direction="column" gap="small">
      <Heading>{text.title}</Heading>
      {kinds.map((kind) => (
        <Flex key={kind} direction="column" gap="flush">
          <Toggle
            name={`activity-${kind}`}
            label={text.names[kind]}
            labelDisplay="inline"
            checked={form.activities[kind]}
            onChange={(on) => change({ activities: { ...form.activities, [kind]: on } })}
          />
          <Text variant="microcopy">{text.help[kind]}</Text>
        </Flex>
      ))}
      {props.checked && !activitiesComplete(form) ? <Alert title={text.missing} variant="danger" /> : null}
    </Flex>
  );
}
