import { Button, Flex } from '@hubspot/ui-extensions';
import type { Connection } from '../api-types.js';
import { words } from '../words.js';
import { ConfirmButton } from '../shared/ConfirmButton.js';
import { usePlatform } from '../shared/platform.js';

const text = words.connection;

/** Pause, resume, sync now, change, delete: each says before what it does to contacts and what not. */
export function LifeButtons(props: {
  connection: Pick<Connection, 'id' | 'name' | 'state'>;
  onChanged(): void;
  onEdit(): void;
  onDeleted(): void;
}) {
  const { api } = usePlatform();
  const { id, name, state } = props.connection;
  const runs = state === 'active' || state === 'initial_sync';
  const rests = state === 'paused' || state === 'stopped';
  const done = async (asked: Promise<unknown>): Promise<void> => {
    await asked;
    props.onChanged();
  };
  return (
    <Flex gap="small" wrap>
      {runs ? (
        <ConfirmButton
          id={`sync-${id}`}
          label={text.sync}
          title={text.syncTitle}
          says={text.syncSays}
          variant="primary"
          act={() => done(api.sync(id))}
          done={text.synced}
        />
      ) : null}
      {rests ? (
        <ConfirmButton
          id={`resume-${id}`}
          label={text.resume}
          title={text.resumeTitle(name)}
          says={text.resumeSays}
          variant="primary"
          act={() => done(api.resume(id))}
          done={text.resumed}
        />
      ) : null}
      {runs ? (
        <ConfirmButton
          id={`pause-${id}`}
          label={text.pause}
          title={text.pauseTitle(name)}
          says={text.pauseSays}
          act={() => done(api.pause(id))}
          done={text.paused}
        />
      ) : null}
      <Button size="sm" onClick={props.onEdit} variant={state === 'draft' ? 'primary' : 'secondary'}>
        {state === 'draft' ? words.overview.goOn : text.edit}
      </Button>
      <ConfirmButton
        id={`delete-${id}`}
        label={text.delete}
        title={text.deleteTitle(name)}
        says={state === 'draft' ? text.deleteDraftSays : text.deleteSays}
        variant="destructive"
        act={async () => {
          await api.deleteConnection(id);
          props.onDeleted();
        }}
        done={text.deleted}
      />
    </Flex>
  );
}
