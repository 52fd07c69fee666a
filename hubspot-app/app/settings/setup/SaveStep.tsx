import type { ReactNode } from 'react';
import { Flex, Heading, Text } from '@hubspot/ui-extensions';
import { words } from '../words.js';
import { ConfirmButton } from '../shared/ConfirmButton.js';

const text = words.setup.save;

/** Saves the changes of a connection that syncs already, after saying what that does. */
export function SaveStep(props: {
  changed: boolean;
  save(): Promise<string>;
  onSaved(id: string): void;
  says?: readonly string[];
  /** What can be changed here still. */
  children?: ReactNode;
}) {
  return (
    <Flex direction="column" gap="medium">
      <Heading>{text.title}</Heading>
      <Text>{props.changed ? text.intro : text.nothing}</Text>
      {props.children}
      <Flex>
        <ConfirmButton
          id="save-changes"
          label={text.save}
          title={text.title}
          says={props.says ?? text.says}
          variant="primary"
          size="md"
          disabled={!props.changed}
          act={async () => props.onSaved(await props.save())}
          done={text.saved}
        />
      </Flex>
    </Flex>
  );
}
