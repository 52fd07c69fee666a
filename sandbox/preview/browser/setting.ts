/** What the page was opened with: whose HubSpot, who looks, and at what. */

export interface Extension {
  uid: string;
  bundle: string;
  location: string;
  objectTypes: string[];
  name: string;
}

export interface User {
  id: number;
  email: string;
  firstName: string;
  lastName: string;
  role: string;
  permissions: string[];
}

export const users: readonly [User, ...User[]] = [
  {
    id: 7001,
    email: 'ops@example.com',
    firstName: 'Ola',
    lastName: 'Ops',
    role: 'marketing operations',
    permissions: ['integrations-management-write'],
  },
  { id: 7002, email: 'rep@example.com', firstName: 'Sam', lastName: 'Sales', role: 'sales', permissions: [] },
];

export type RecordType = 'contacts' | 'companies' | 'deals';
export const recordTypes: Record<RecordType, { title: string; objectTypeId: string }> = {
  contacts: { title: 'Contacts', objectTypeId: '0-1' },
  companies: { title: 'Companies', objectTypeId: '0-2' },
  deals: { title: 'Deals', objectTypeId: '0-3' },
};
export const isRecordType = (text: string | null): text is RecordType => text !== null && text in recordTypes;

export interface CrmRecord {
  id: string;
  title: string;
  properties: Record<string, string | undefined>;
}

const element = (id: string): HTMLElement => {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`The page has no #${id}.`);
  return found;
};
export const root = element('root');
const given = JSON.parse(element('setting').textContent ?? '') as { backend: string; portalId: string };

export const query = new URLSearchParams(location.search);
export const backend = given.backend;
export const portalId = query.get('portal') ?? given.portalId;
export const user: User = users.find(({ id }) => String(id) === query.get('user')) ?? users[0];

/** The address of this page with other values; null takes one away. */
export function address(changes: Record<string, string | null>): string {
  const next = new URLSearchParams(query);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) next.delete(name);
    else next.set(name, value);
  }
  return `?${next.toString()}`;
}

export async function readJson<T>(url: string): Promise<T> {
  const answer = await fetch(url);
  return (await answer.json()) as T;
}
