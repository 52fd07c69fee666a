import { useEffect, useMemo, useRef, useState } from 'react';
import { createRemoteReceiver, RemoteRenderer } from '@remote-ui/react/host';
import { createEndpoint, fromWebWorker, retain } from '@remote-ui/rpc';
import { actionNames, type FetchOptions, type WorkerApi } from './bridge.js';
import { componentController } from './component-map.js';
import { closeOverlay } from './overlays.js';
import { keepFocus } from './keep-focus.js';
import { backend, isRecordType, portalId, query, recordTypes, user, type Extension } from './setting.js';

export interface Alert {
  type?: string;
  title?: string;
  message: string;
}

function contextOf(extension: Extension): unknown {
  const { role: _role, ...person } = user;
  const common = {
    location: extension.location,
    user: { ...person, emails: [user.email], locale: 'en-us', roles: [], teams: [] },
    portal: { id: Number(portalId), timezone: 'Europe/Berlin' },
    variables: { SERVICE_URL: backend },
  };
  if (extension.location === 'settings') return common;
  const object = (query.get('object') ?? extension.objectTypes[0] ?? '').toLowerCase();
  const { objectTypeId } = recordTypes[isRecordType(object) ? object : 'contacts'];
  return { ...common, crm: { objectId: Number(query.get('record') ?? 0), objectTypeId } };
}

const proxy = `/proxy?${new URLSearchParams({ portal: portalId, user: String(user.id), email: user.email }).toString()}`;

/** One extension in a worker of its own, drawn as it says. */
export function ExtensionFrame({ extension, tell }: { extension: Extension; tell(alert: Alert): void }) {
  const [failed, setFailed] = useState<string | null>(null);
  const receiver = useMemo(() => createRemoteReceiver(), []);
  const controller = useMemo(() => componentController(), []);
  const frame = useRef<HTMLElement>(null);
  useEffect(() => (frame.current === null ? undefined : keepFocus(frame.current)), []);
  useEffect(() => {
    // Classic: the bundle needs `this` to be the worker.
    const worker = new Worker('/preview/worker.js');
    worker.onerror = (event) => setFailed(event.message);
    const endpoint = createEndpoint<WorkerApi>(fromWebWorker(worker));
    endpoint.expose({
      async hsFetch(url: string, options: FetchOptions) {
        const answer = await fetch(proxy, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ url, ...options }),
        });
        return { status: answer.status, body: await answer.text() };
      },
      async action(name: string, given: unknown[]) {
        retain(given);
        if (name === 'addAlert') tell(given[0] as Alert);
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
    <section data-extension={extension.uid} ref={frame} tabIndex={-1}>
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
