import { useEffect, useMemo, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { createRemoteReceiver, RemoteRenderer } from '@remote-ui/react/host';
import { createEndpoint, fromWebWorker, retain } from '@remote-ui/rpc';
import { actionNames, type FetchOptions, type WorkerApi } from './bridge.js';
import { componentController } from './component-map.js';
import { closeOverlay } from './overlays.js';
import './preview.css';

interface Extension {
  uid: string;
  bundle: string;
  location: string;
  objectTypes: string[];
  name: string;
}
interface Said {
  id: number;
  type?: string;
  title?: string;
  message: string;
}

const element = (id: string): HTMLElement => {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`The page has no #${id}.`);
  return found;
};
const setting = JSON.parse(element('setting').textContent ?? '') as { backend: string; portalId: string };
const query = new URLSearchParams(location.search);
/** How long an alert stays, in milliseconds. */
const saidMs = 6_000;

const objectTypeIds: Record<string, string> = { contacts: '0-1', companies: '0-2', deals: '0-3' };

function contextOf(extension: Extension): unknown {
  const user = {
    id: 7001,
    email: 'ops@example.com',
    emails: ['ops@example.com'],
    firstName: 'Ola',
    lastName: 'Ops',
    locale: 'en-us',
    roles: [],
    teams: [],
    permissions: ['integrations-management-write'],
  };
  const portal = { id: Number(setting.portalId), timezone: 'Europe/Berlin' };
  const common = { location: extension.location, user, portal, variables: { SERVICE_URL: setting.backend } };
  if (extension.location === 'settings') return common;
  const objectTypeId = objectTypeIds[(query.get('object') ?? extension.objectTypes[0] ?? '').toLowerCase()] ?? '0-1';
  return { ...common, crm: { objectId: Number(query.get('record') ?? 0), objectTypeId } };
}

/** One extension in a worker of its own, drawn as it says. */
function Extension({ extension, tell }: { extension: Extension; tell(said: Omit<Said, 'id'>): void }) {
  const [failed, setFailed] = useState<string | null>(null);
  const receiver = useMemo(() => createRemoteReceiver(), []);
  const controller = useMemo(() => componentController(), []);
  useEffect(() => {
    // Classic: the bundle needs `this` to be the worker.
    const worker = new Worker('/preview/worker.js');
    worker.onerror = (event) => setFailed(event.message);
    const endpoint = createEndpoint<WorkerApi>(fromWebWorker(worker));
    endpoint.expose({
      async hsFetch(url: string, options: FetchOptions) {
        const answer = await fetch('/proxy', {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ url, ...options }),
        });
        return { status: answer.status, body: await answer.text() };
      },
      async action(name: string, given: unknown[]) {
        retain(given);
        if (name === 'addAlert') tell(given[0] as Omit<Said, 'id'>);
        else if (name === 'closeOverlay') closeOverlay(String(given[0]));
        else if (name === 'copyTextToClipboard') await copy(String(given[0]));
        else if (name === 'reloadPage') location.reload();
        else if (name === 'fetchCrmObjectProperties') return {};
        return undefined;
      },
      async log(level: string, said: unknown) {
        if (level === 'error' || level === 'warn') console.error('extension:', said);
      },
      async failed(message: string) {
        setFailed(message);
      },
    });
    const start = {
      bundleUrl: `/extensions/${extension.bundle}`,
      context: contextOf(extension),
      actions: actionNames,
    };
    Promise.resolve(endpoint.call.start(receiver.receive, start)).catch((error: unknown) =>
      setFailed(error instanceof Error ? error.message : String(error)),
    );
    return () => worker.terminate();
  }, [extension, receiver, tell]);
  return (
    <section data-extension={extension.uid}>
      {failed === null ? null : (
        <pre className="failed" role="alert">
          {failed}
        </pre>
      )}
      <RemoteRenderer receiver={receiver} controller={controller} />
    </section>
  );
}

/** Kept for tests as well: headless browsers have no clipboard to read. */
async function copy(text: string): Promise<void> {
  document.body.dataset['copied'] = text;
  await navigator.clipboard?.writeText(text).catch(() => undefined);
}

function Host({ extensions }: { extensions: Extension[] }) {
  const [said, setSaid] = useState<Said[]>([]);
  const tell = useMemo(() => {
    let id = 0;
    return (one: Omit<Said, 'id'>): void => {
      id += 1;
      const mine = { ...one, id };
      setSaid((before) => [...before, mine]);
      setTimeout(() => setSaid((before) => before.filter((other) => other.id !== mine.id)), saidMs);
    };
  }, []);
  const wanted = query.get('extension') ?? extensions.find(({ location: at }) => at === 'settings')?.uid;
  const shown = extensions.find(({ uid }) => uid === wanted);
  return (
    <>
      <nav className="top" aria-label="Preview">
        <strong>Preview</strong>
        {extensions.map(({ uid, name }) => (
          <a key={uid} href={`?extension=${uid}`} aria-current={uid === wanted ? 'page' : undefined}>
            {name}
          </a>
        ))}
        <span>{`HubSpot account ${setting.portalId}`}</span>
      </nav>
      <main className={shown?.location === 'settings' ? 'settings' : 'record'}>
        {shown === undefined ? <p>There is no such extension.</p> : <Extension extension={shown} tell={tell} />}
      </main>
      <div className="said" aria-live="polite">
        {said.map(({ id, type, title, message }) => (
          <div key={id} role="status" className={`alert ${type ?? 'info'}`}>
            {title === undefined ? null : <strong>{title}</strong>}
            {message}
          </div>
        ))}
      </div>
    </>
  );
}

void fetch('/extensions/extensions.json')
  .then((answer) => answer.json() as Promise<Extension[]>)
  .then((extensions) => createRoot(element('root')).render(<Host extensions={extensions} />));
