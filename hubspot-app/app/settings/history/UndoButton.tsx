import { useState } from 'react';
import {
  Button,
  Flex,
  LoadingButton,
  Modal,
  ModalBody,
  ModalFooter,
  Table,
  TableBody,
  TableCell,
  TableHead,
  TableHeader,
  TableRow,
  Text,
} from '@hubspot/ui-extensions';
import type { UndoShown } from '../api-types.js';
import type { UndoSubject } from '../api/create-api.js';
import { words } from '../words.js';
import { LoadedView } from '../shared/LoadedView.js';
import { breakable } from '../shared/breakable.js';
import { useNames, type Names } from '../shared/names.js';
import { usePlatform } from '../shared/platform.js';
import { ProblemAlert } from '../shared/ProblemAlert.js';
import { showValue } from '../shared/show-value.js';
import { useAction } from '../shared/use-action.js';
import { useLoad } from '../shared/use-load.js';
import { listOf, where } from './change-words.js';

const text = words.history;
const mostShown = 20;

/** Takes something back, after showing what would be put back and what is left alone. */
export function UndoButton(props: {
  id: string;
  label: string;
  subject: UndoSubject;
  disabled?: boolean;
  onUndone(): void;
}) {
  const [open, setOpen] = useState(false);
  return (
    <Button
      size="xs"
      disabled={props.disabled ?? false}
      onClick={() => setOpen(true)}
      overlay={
        <Modal id={props.id} title={text.undoTitle} width="large" onClose={() => setOpen(false)}>
          {open ? (
            <UndoLook {...props} onClosed={() => setOpen(false)} />
          ) : (
            <ModalBody>{words.common.loading}</ModalBody>
          )}
        </Modal>
      }
    >
      {props.label}
    </Button>
  );
}

function UndoLook(props: { id: string; subject: UndoSubject; onUndone(): void; onClosed(): void }) {
  const { api, tell, closeOverlay } = usePlatform();
  const shown = useLoad(`undo ${JSON.stringify(props.subject)}`, () => api.showUndo(props.subject));
  const close = (): void => {
    closeOverlay(props.id);
    props.onClosed();
  };
  const undoing = useAction(async () => {
    await api.undo(props.subject);
    tell('success', text.started);
    close();
    props.onUndone();
  });
  return (
    <>
      <ModalBody>
        <LoadedView from={shown}>{(known) => <Shown known={known} />}</LoadedView>
        <ProblemAlert problem={undoing.problem} />
      </ModalBody>
      <ModalFooter>
        <LoadingButton
          variant="destructive"
          loading={undoing.busy}
          disabled={shown.data === null || shown.data.takesBack.length === 0}
          onClick={() => undoing.start()}
          testId={`${props.id}-confirm`}
        >
          {text.confirm}
        </LoadingButton>
        <Button onClick={close}>{words.common.cancel}</Button>
      </ModalFooter>
    </>
  );
}

function Shown({ known }: { known: UndoShown }) {
  const { takesBack, leftAlone } = known;
  const names = useNames();
  return (
    <Flex direction="column" gap="small">
      <Text format={{ fontWeight: 'demibold' }}>
        {takesBack.length === 0 ? text.takesNothing : text.takesBack(takesBack.length)}
      </Text>
      {takesBack.length === 0 ? null : (
        <Table density="condensed">
          <TableHead>
            <TableRow>
              {Object.values(text.columnsUndo).map((column) => (
                <TableHeader key={column}>{column}</TableHeader>
              ))}
            </TableRow>
          </TableHead>
          <TableBody>
            {takesBack.slice(0, mostShown).map((one, at) => (
              <TableRow key={at}>
                <TableCell>{breakable(one.email ?? words.common.noEmail)}</TableCell>
                <TableCell>{fieldOf(one, names)}</TableCell>
                <TableCell>
                  {listOf(one.field) === null
                    ? `${showValue(one.from)} → ${showValue(one.to)}`
                    : one.to === null
                      ? text.leavesList
                      : text.joinsList}
                </TableCell>
              </TableRow>
            ))}
          </TableBody>
        </Table>
      )}
      {known.isSample || takesBack.length > mostShown ? <Text variant="microcopy">{text.sample}</Text> : null}
      {leftAlone.length === 0 ? null : (
        <Flex direction="column" gap="flush">
          <Text format={{ fontWeight: 'demibold' }}>{text.leftAlone(leftAlone.length)}</Text>
          {leftAlone.slice(0, mostShown).map((one, at) => (
            <Text key={at} variant="microcopy">
              {`${one.email ?? words.common.noEmail}, ${one.field}: ${one.message}`}
            </Text>
          ))}
        </Flex>
      )}
      <Text variant="microcopy">{text.undoSays}</Text>
    </Flex>
  );
}

function fieldOf({ side, field }: { side: string; field: string }, names: Names): string {
  return side === 'hubspot' || side === 'klaviyo' ? where({ side, field }, names) : field;
}
