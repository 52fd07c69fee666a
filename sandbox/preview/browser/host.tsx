import { useEffect, useMemo, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { ExtensionFrame, type Alert } from './extension-frame.js';
import { RecordPage } from './record-page.js';
import {
  address,
  isRecordType,
  portalId,
  query,
  readJson,
  recordTypes,
  root,
  user,
  users,
  type Extension,
} from './setting.js';
import './preview.css';

/** How long an alert stays, in milliseconds. */
const saidMs = 6_000;

/**
 * HubSpot round the extensions: `?extension=<uid>&record=<id>` shows one alone, `?object=contacts&record=<id>` a record
 * with all its cards, nothing the settings page.
 */
function Host({ extensions }: { extensions: Extension[] }) {
  const [said, setSaid] = useState<(Alert & { id: number })[]>([]);
  const tell = useMemo(() => {
    let id = 0;
    return (alert: Alert): void => {
      id += 1;
      const mine = { ...alert, id };
      setSaid((before) => [...before, mine]);
      setTimeout(() => setSaid((before) => before.filter((other) => other.id !== mine.id)), saidMs);
    };
  }, []);
  const object = query.get('object');
  const alone = query.get('extension');
  const type = alone === null && isRecordType(object) ? object : null;
  return (
    <>
      <Top />
      {type === null ? (
        <Alone
          extension={extensions.find((one) => (alone === null ? one.location === 'settings' : one.uid === alone))}
          tell={tell}
        />
      ) : (
        <RecordPage type={type} extensions={extensions} tell={tell} />
      )}
      <div className="said" aria-live="polite">
        {said.map(({ id, type: kind, title, message }) => (
          <div key={id} role="status" className={`alert ${kind ?? 'info'}`}>
            {title === undefined ? null : <strong>{title}</strong>}
            {message}
          </div>
        ))}
      </div>
    </>
  );
}

function Alone({ extension, tell }: { extension: Extension | undefined; tell(alert: Alert): void }) {
  return (
    <main className={extension?.location === 'settings' ? 'settings' : 'record'}>
      {extension === undefined ? (
        <p>There is no such extension.</p>
      ) : (
        <ExtensionFrame extension={extension} tell={tell} />
      )}
    </main>
  );
}

/** Where to go, as whom, and in which HubSpot account. */
function Top() {
  const [portals, setPortals] = useState<{ id: string; name: string }[]>([]);
  useEffect(() => {
    void readJson<{ portals?: { id: string; name: string }[] }>('/hubspot/portals').then(({ portals: found = [] }) =>
      setPortals(found),
    );
  }, []);
  const object = query.get('object');
  const go = (changes: Record<string, string | null>): void => location.assign(address(changes));
  const known = portals.some(({ id }) => id === portalId)
    ? portals
    : [{ id: portalId, name: 'HubSpot account' }, ...portals];
  return (
    <nav className="top" aria-label="Preview">
      <strong>Preview</strong>
      <a
        href={address({ object: null, record: null, extension: null })}
        aria-current={object === null && query.get('extension') === null ? 'page' : undefined}
      >
        Settings
      </a>
      {Object.entries(recordTypes).map(([type, { title }]) => (
        <a
          key={type}
          href={address({ object: type, record: null, extension: null })}
          aria-current={object === type ? 'page' : undefined}
        >
          {title}
        </a>
      ))}
      <span>
        <select aria-label="Person" value={user.id} onChange={(event) => go({ user: event.target.value })}>
          {users.map(({ id, firstName, lastName, role }) => (
            <option key={id} value={id}>{`${firstName} ${lastName}, ${role}`}</option>
          ))}
        </select>
        <select
          aria-label="HubSpot account"
          value={portalId}
          onChange={(event) => go({ portal: event.target.value, record: null })}
        >
          {known.map(({ id, name }) => (
            <option key={id} value={id}>{`${name} ${id}`}</option>
          ))}
        </select>
      </span>
    </nav>
  );
}

void readJson<Extension[]>('/extensions/extensions.json').then((extensions) =>
  createRoot(root).render(<Host extensions={extensions} />),
);
