import { useState } from 'react';
import { Alert, Flex, LoadingButton, Text } from '@hubspot/ui-extensions';
import type { UnsavedChanges } from '../api-types.js';
import { words } from '../words.js';
import { usePlatform } from './platform.js';
import { ProblemAlert } from './ProblemAlert.js';
import { useAction } from './use-action.js';

const text = words.setup.kept;

/** Says that changes of another time are back and not in effect, and lets go of them. Draws nothing without any. */
export function KeptChanges({ of, discard }: { of: UnsavedChanges | null; discard(): Promise<void> }) {
  const { time } = usePlatform();
  const [gone, setGone] = useState(false);
  const discarding = useAction(async () => {
    await discard();
    setGone(true);
  });
  if (of === null || gone) return null;
  return (
    <Alert title={text.title} variant="info" testId="kept-changes">
      <Flex direction="column" gap="small" align="start">
        <Text>{text.says(time(of.at))}</Text>
        <ProblemAlert problem={discarding.problem} />
        <LoadingButton size="xs" loading={discarding.busy} onClick={() => discarding.start()}>
          {text.discard}
        </LoadingButton>
      </Flex>
    </Alert>
  );
}
