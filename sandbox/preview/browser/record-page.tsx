import { useEffect, useState } from 'react';
import { ExtensionFrame, type Alert } from './extension-frame.js';
import {
  address,
  portalId,
  query,
  readJson,
  recordTypes,
  type CrmRecord,
  type Extension,
  type RecordType,
} from './setting.js';

/** Properties that a record shows beside its cards. */
const about: Record<RecordType, [name: string, label: string][]> = {
  contacts: [
    ['email', 'Email'],
    ['phone', 'Phone number'],
    ['company', 'Company name'],
    ['jobtitle', 'Job title'],
    ['city', 'City'],
    ['country', 'Country/Region'],
    ['lifecyclestage', 'Lifecycle stage'],
    ['hs_email_optout', 'Opted out of all email'],
  ],
  companies: [
    ['domain', 'Company domain name'],
    ['industry', 'Industry'],
    ['city', 'City'],
    ['country', 'Country/Region'],
  ],
  deals: [
    ['dealstage', 'Deal stage'],
    ['pipeline', 'Pipeline'],
    ['amount', 'Amount'],
    ['closedate', 'Close date'],
  ],
};

/** A record as HubSpot lays it out: what is known of it, the cards as tabs in the middle, the sidebar to the right. */
export function RecordPage({
  type,
  extensions,
  tell,
}: {
  type: RecordType;
  extensions: Extension[];
  tell(alert: Alert): void;
}) {
  const [records, setRecords] = useState<CrmRecord[] | null>(null);
  const [search, setSearch] = useState('');
  const wanted = query.get('record');
  useEffect(() => {
    let current = true;
    const url = `/hubspot/portals/${portalId}/records/${type}?search=${encodeURIComponent(search)}`;
    void readJson<{ results?: CrmRecord[] }>(url).then(({ results = [] }) => {
      if (current) setRecords(results);
    });
    return () => {
      current = false;
    };
  }, [type, search]);
  const [shown, setShown] = useState<CrmRecord | null>(null);
  useEffect(() => {
    if (wanted === null) return;
    const url = `/hubspot/portals/${portalId}/records/${type}?search=${encodeURIComponent(wanted)}`;
    void readJson<{ results?: CrmRecord[] }>(url).then(({ results = [] }) =>
      setShown(results.find(({ id }) => id === wanted) ?? null),
    );
  }, [type, wanted]);
  const mine = extensions.filter(({ objectTypes }) => objectTypes.some((one) => one.toLowerCase() === type));
  if (wanted === null)
    return (
      <main className="records">
        <h1>{recordTypes[type].title}</h1>
        <label>
          Search <input type="search" value={search} onChange={(event) => setSearch(event.target.value)} />
        </label>
        {records === null ? <p>Loading …</p> : null}
        {records?.length === 0 ? <p>Nothing found.</p> : null}
        <ul>
          {records?.map(({ id, title, properties }) => (
            <li key={id}>
              <a href={address({ object: type, record: id, extension: null })}>{title}</a>{' '}
              <small>{properties['email']}</small>
            </li>
          ))}
        </ul>
      </main>
    );
  return (
    <div className="crm" key={wanted}>
      <aside aria-label="About this record">
        <a href={address({ record: null })}>‹ {recordTypes[type].title}</a>
        <h1>{shown?.title ?? `Record ${wanted}`}</h1>
        <dl>
          {about[type].map(([name, label]) => (
            <div key={name}>
              <dt>{label}</dt>
              <dd>{shown?.properties[name] ?? '--'}</dd>
            </div>
          ))}
        </dl>
      </aside>
      <Middle cards={mine.filter(({ location }) => location === 'crm.record.tab')} tell={tell} />
      <aside className="sidebar" aria-label="Sidebar">
        {mine
          .filter(({ location }) => location === 'crm.record.sidebar')
          .map((extension) => (
            <div className="card" key={extension.uid}>
              <h2>{extension.name}</h2>
              <ExtensionFrame extension={extension} tell={tell} />
            </div>
          ))}
      </aside>
    </div>
  );
}

/** HubSpot loads the card of a tab when it is opened, and keeps it. */
function Middle({ cards, tell }: { cards: Extension[]; tell(alert: Alert): void }) {
  const [open, setOpen] = useState(cards[0]?.uid);
  return (
    <main>
      <div role="tablist" aria-label="Record">
        {cards.map(({ uid, name }) => (
          <button key={uid} type="button" role="tab" aria-selected={uid === open} onClick={() => setOpen(uid)}>
            {name}
          </button>
        ))}
      </div>
      {cards
        .filter(({ uid }) => uid === open)
        .map((extension) => (
          <div role="tabpanel" key={extension.uid} aria-label={extension.name} className="card">
            <ExtensionFrame extension={extension} tell={tell} />
          </div>
        ))}
    </main>
  );
}
