import {
  Alert,
  DescriptionList,
  DescriptionListItem,
  Flex,
  Heading,
  LoadingButton,
  Text,
} from '@hubspot/ui-extensions';
import type { Account, Activity } from '../api-types.js';
import { words } from '../words.js';
import { usePlatform } from '../shared/platform.js';
import { ProblemAlert } from '../shared/ProblemAlert.js';
import { useAction } from '../shared/use-action.js';
import type { EngagementForm } from './engagement-form.js';

const text = words.engagement.activate;

/** What was chosen, the button that begins, and what to expect. */
export function EngagementActivate(props: {
  account: Account;
  form: EngagementForm;
  save(): Promise<string>;
  onActivated(id: string): void;
}) {
  const { api, tell } = usePlatform();
  const { sources, activities, options } = props.form;
  const chosen = (Object.keys(activities) as Activity[]).filter((kind) => activities[kind]);
  const { appEvents } = props.account;
  const activating = useAction(async () => {
    const id = await props.save();
    await api.activate(id);
    tell('success', text.activated);
    props.onActivated(id);
  });
  return (
    <Flex direction="column" gap="medium">
      <Heading>{text.title}</Heading>
      <DescriptionList direction="row">
        <DescriptionListItem label={text.emails}>
          <Text>{sources.all ? text.allEmails : text.chosenEmails}</Text>
        </DescriptionListItem>
        <DescriptionListItem label={text.activities}>
          <Text>
            {chosen.length === 0 ? text.none : chosen.map((kind) => words.engagement.activities.names[kind]).join(', ')}
          </Text>
        </DescriptionListItem>
        <DescriptionListItem label={text.unknown}>
          <Text>{options.createContacts ? text.created : text.notCreated}</Text>
        </DescriptionListItem>
      </DescriptionList>
      <Text>{text.text}</Text>
      {appEvents.approved ? null : (
        <Alert title={text.notApproved} variant="info">
          <Text>{appEvents.message}</Text>
        </Alert>
      )}
      <ProblemAlert problem={activating.problem} />
      <Flex>
        <LoadingButton variant="primary" loading={activating.busy} onClick={() => activating.start()} testId="activate">
          {words.setup.activate.activate}
        </LoadingButton>
      </Flex>
    </Flex>
  );
}
