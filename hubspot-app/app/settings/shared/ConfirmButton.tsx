import type { ReactNode } from 'react';
import {
  Button,
  Dropdown,
  Flex,
  List,
  LoadingButton,
  Modal,
  ModalBody,
  ModalFooter,
  Text,
} from '@hubspot/ui-extensions';
import { words } from '../words.js';
import { usePlatform } from './platform.js';
import { ProblemAlert } from './ProblemAlert.js';
import { useAction } from './use-action.js';

export interface ConfirmButtonProps {
  /** Unique on the page. */
  id: string;
  label: string;
  title: string;
  /** What it does and does not do, a sentence each. */
  says: readonly string[];
  /** Shown under the sentences, such as a choice to make. */
  extra?: ReactNode;
  confirm?: string;
  variant?: 'primary' | 'secondary';
  /** What cannot be taken back: the modal and its button are red, the button that opens it is not. */
  danger?: boolean;
  /** Inside a dropdown instead of on its own. */
  inMenu?: boolean;
  size?: 'xs' | 'sm' | 'md';
  disabled?: boolean;
  act(): Promise<void>;
  done?: string;
}

/** A button that first says what it will do and not do, in a modal, and then does it. */
export function ConfirmButton(props: ConfirmButtonProps) {
  const platform = usePlatform();
  const danger = props.danger === true;
  const action = useAction(async () => {
    await props.act();
    platform.closeOverlay(props.id);
    if (props.done !== undefined) platform.tell('success', props.done);
  });
  const modal = (
    <Modal id={props.id} title={props.title} width="medium" variant={danger ? 'danger' : 'default'}>
      <ModalBody>
        <Flex direction="column" gap="medium">
          <List variant="unordered-styled">
            {props.says.map((sentence) => (
              <Text key={sentence}>{sentence}</Text>
            ))}
          </List>
          {props.extra}
          <ProblemAlert problem={action.problem} />
        </Flex>
      </ModalBody>
      <ModalFooter>
        <LoadingButton
          variant={danger ? 'destructive' : 'primary'}
          loading={action.busy}
          onClick={() => action.start()}
          testId={`${props.id}-confirm`}
        >
          {props.confirm ?? props.label}
        </LoadingButton>
        <Button onClick={() => platform.closeOverlay(props.id)}>{words.common.cancel}</Button>
      </ModalFooter>
    </Modal>
  );
  if (props.inMenu === true)
    return (
      <Dropdown.ButtonItem onClick={action.forget} overlay={modal}>
        {props.label}
      </Dropdown.ButtonItem>
    );
  return (
    <Button
      variant={props.variant ?? 'secondary'}
      size={props.size ?? 'sm'}
      disabled={props.disabled ?? false}
      onClick={action.forget}
      overlay={modal}
    >
      {props.label}
    </Button>
  );
}
