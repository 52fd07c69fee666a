import { Button, Dropdown, Flex } from '@hubspot/ui-extensions';
import type { ConnectionState, ConnectionType } from '../api-types.js';
import { words } from '../words.js';
import { ConfirmButton } from '../shared/ConfirmButton.js';
import { usePlatform } from '../shared/platform.js';

const text = words.connection;
const saysOf = {
  contact: { pause: text.pauseSays, resume: text.resumeSays, sync: text.syncSays, delete: text.deleteSays },
  engagement: text.activitySays,
};

export interface LifeProps {
  connection: { id: string; type: ConnectionType; name: string; state: ConnectionState; unsaved?: boolean };
  onChanged(): void;
  onEdit(): void;
  onDeleted(): void;
}

/** Pause, resume, sync now, change, delete: each says before what it does to contacts and what not. */
export function LifeButtons(props: LifeProps) {
  const { state, unsaved } = props.connection;
  return (
    <Flex gap="small" wrap>
      <Running {...props} />
      <Button size="sm" onClick={props.onEdit} variant={state === 'draft' ? 'primary' : 'secondary'}>
        {state === 'draft' ? words.overview.goOn : unsaved === true ? text.editOn : text.edit}
      </Button>
      <Delete {...props} />
    </Flex>
  );
}

/** The same behind one button, for a row of a table. */
export function LifeMenu(props: LifeProps) {
  return (
    <Dropdown buttonText={text.more} buttonSize="xs" variant="transparent">
      <Running {...props} inMenu />
      {props.connection.state === 'draft' ? null : (
        <Dropdown.ButtonItem onClick={props.onEdit}>{text.edit}</Dropdown.ButtonItem>
      )}
      <Delete {...props} inMenu />
    </Dropdown>
  );
}

interface Placed extends LifeProps {
  inMenu?: boolean;
}

/** What a connection that has begun can be told. */
function Running({ connection, onChanged, inMenu = false }: Placed) {
  const { api } = usePlatform();
  const { id, type, name, state } = connection;
  const says = saysOf[type];
  const done = async (asked: Promise<unknown>): Promise<void> => {
    await asked;
    onChanged();
  };
  // Of a list the same modals may be on the page once more.
  const place = inMenu ? 'menu-' : '';
  if (state === 'active' || state === 'initial_sync')
    return (
      <>
        <ConfirmButton
          key="sync"
          id={`${place}sync-${id}`}
          inMenu={inMenu}
          label={text.sync}
          title={text.syncTitle(name)}
          says={says.sync}
          // During the first sync everybody is looked at anyway.
          variant={state === 'active' ? 'primary' : 'secondary'}
          act={() => done(api.sync(id))}
          done={text.synced}
        />
        <ConfirmButton
          key="pause"
          id={`${place}pause-${id}`}
          inMenu={inMenu}
          label={text.pause}
          title={text.pauseTitle(name)}
          says={says.pause}
          act={() => done(api.pause(id))}
          done={text.paused}
        />
      </>
    );
  if (state === 'draft') return null;
  return (
    // A key each: a modal that took over another one's place would keep the id it was opened by.
    <ConfirmButton
      key="resume"
      id={`${place}resume-${id}`}
      inMenu={inMenu}
      label={text.resume}
      title={text.resumeTitle(name)}
      says={says.resume}
      variant="primary"
      act={() => done(api.resume(id))}
      done={text.resumed}
    />
  );
}

function Delete({ connection, onDeleted, inMenu = false }: Placed) {
  const { api } = usePlatform();
  const { id, type, name, state } = connection;
  return (
    <ConfirmButton
      id={`${inMenu ? 'menu-' : ''}delete-${id}`}
      inMenu={inMenu}
      label={text.delete}
      title={text.deleteTitle(name)}
      says={state === 'draft' ? text.deleteDraftSays : saysOf[type].delete}
      danger
      act={async () => {
        await api.deleteConnection(id);
        onDeleted();
      }}
      done={text.deleted}
    />
  );
}
