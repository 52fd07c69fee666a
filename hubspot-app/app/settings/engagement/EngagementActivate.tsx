import { Alert, Flex, Heading, LoadingButton, Text } from '@hubspot/ui-extensions';
import type { Account } from '../api-types.js';
import { words } from '../words.js';
import { usePlatform } from '../shared/platform.js';
import { ProblemAlert } from '../shared/ProblemAlert.js';
import { useAction } from '../shared/use-action.js';

const text = words.engagement.activate;

/** The button that begins, and what to expect. */
export function EngagementActivate(props: {
  account: Account;
  save(): Promise<string>;
  onActivated(id: string): void;
}) {
  const { api, tell } = usePlatform();
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
