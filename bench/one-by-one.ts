import { klaviyoKey, portalId, type Calls, type Stands } from './stage.js';

export interface OneByOne {
  seconds: number;
  people: number;
  calls: { hubspot: Calls; klaviyo: Calls };
}

interface Profile {
  id: string;
  attributes: { email: string | null; first_name: string | null; last_name: string | null };
}
interface Contact {
  id: string;
  properties: Record<string, string | null>;
}

/**
 * The baseline: what a generic automation tool does with the same people. A trigger brings one record; it is looked up
 * on the other side, created or updated there, and put on the list, each with a call of its own. Eight at a time.
 */
export async function oneByOne(stands: Stands, most: number): Promise<OneByOne> {
  const hubspot = await hubspotCaller(stands);
  const klaviyo = klaviyoCaller(stands);
  await stands.calls();
  const started = performance.now();
  let people = 0;
  const take = async <Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> => {
    const left = [...items];
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        for (let item = left.shift(); item !== undefined; item = left.shift()) {
          if (people >= most) return;
          people += 1;
          await work(item);
        }
      }),
    );
  };
  for (let after: string | undefined; people < most;) {
    const page = await hubspot<{ results: Contact[]; paging?: { next?: { after: string } } }>(
      'GET',
      `/crm/objects/2026-09/contacts?limit=100&properties=email,firstname,lastname${after === undefined ? '' : `&after=${after}`}`,
    );
    await take(page.results, (contact) => toKlaviyo(klaviyo, contact));
    after = page.paging?.next?.after;
    if (after === undefined) break;
  }
  for (let path: string | null = '/api/profiles?page[size]=100'; path !== null && people < most;) {
    const page: { data: Profile[]; links: { next: string | null } } = await klaviyo('GET', path);
    await take(page.data, (profile) => toHubspot(hubspot, profile));
    path = page.links.next === null ? null : new URL(page.links.next).pathname + new URL(page.links.next).search;
  }
  return { seconds: (performance.now() - started) / 1000, people, calls: await stands.calls() };
}

type Caller = <T>(method: string, path: string, body?: unknown) => Promise<T>;

async function toKlaviyo(klaviyo: Caller, { properties }: Contact): Promise<void> {
  const { email, firstname, lastname } = properties;
  if (email == null) return;
  const filter = encodeURIComponent(`equals(email,"${email}")`);
  const { data } = await klaviyo<{ data: Profile[] }>('GET', `/api/profiles?filter=${filter}`);
  const attributes = { email, first_name: firstname ?? null, last_name: lastname ?? null };
  const known = data[0];
  const written = await klaviyo<{ data: Profile }>(
    known === undefined ? 'POST' : 'PATCH',
    known === undefined ? '/api/profiles' : `/api/profiles/${known.id}`,
    { data: { type: 'profile', ...(known === undefined ? {} : { id: known.id }), attributes } },
  );
  await klaviyo('POST', '/api/lists/CstHub/relationships/profiles', {
    data: [{ type: 'profile', id: written.data.id }],
  });
}

async function toHubspot(hubspot: Caller, { attributes }: Profile): Promise<void> {
  const { email, first_name: firstname, last_name: lastname } = attributes;
  if (email === null) return;
  const objects = '/crm/objects/2026-09/contacts';
  const found = await hubspot<{ results: Contact[] }>('POST', `${objects}/search`, {
    filterGroups: [{ filters: [{ propertyName: 'email', operator: 'EQ', value: email.toLowerCase() }] }],
    limit: 1,
  });
  const properties = { email, firstname: firstname ?? '', lastname: lastname ?? '' };
  const known = found.results[0];
  if (known === undefined)
    await hubspot('POST', `${objects}/batch/create`, { inputs: [{ properties, associations: [] }] });
  else await hubspot('POST', `${objects}/batch/update`, { inputs: [{ id: known.id, properties }] });
}

/** A refusal of one record (a number or an address that is taken) is the record's own bad luck, as with those tools. */
async function answered<T>(response: Response): Promise<T> {
  const text = await response.text();
  if (response.status >= 500 || response.status === 401 || response.status === 429)
    throw new Error(`${response.url} answered ${response.status}: ${text}`);
  const json = (text === '' ? {} : JSON.parse(text)) as object;
  return (response.ok ? json : { data: { id: '' }, results: [], ...json }) as T;
}

function klaviyoCaller({ klaviyo }: Stands): Caller {
  const headers = {
    authorization: `Klaviyo-API-Key ${klaviyoKey}`,
    revision: '2026-07-15',
    'content-type': 'application/vnd.api+json',
    accept: 'application/vnd.api+json',
  };
  return async (method, path, body) =>
    answered(
      await fetch(klaviyo.url + path, {
        method,
        headers,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    );
}

async function hubspotCaller({ hubspot }: Stands): Promise<Caller> {
  const redirect_uri = 'http://localhost/back';
  const form = (values: Record<string, string>): RequestInit => ({
    method: 'POST',
    redirect: 'manual',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(values).toString(),
  });
  const approved = await fetch(
    `${hubspot.url}/oauth/authorize/approve`,
    form({ portalId, redirect_uri, scope: 'oauth', state: 's' }),
  );
  const code = new URL(approved.headers.get('location') ?? '').searchParams.get('code') ?? '';
  const { clientId: client_id, clientSecret: client_secret } = hubspot;
  const exchange = form({ grant_type: 'authorization_code', client_id, client_secret, redirect_uri, code });
  const tokens = (await (await fetch(`${hubspot.url}/oauth/2026-09/token`, exchange)).json()) as {
    access_token: string;
  };
  const headers = { authorization: `Bearer ${tokens.access_token}`, 'content-type': 'application/json' };
  return async (method, path, body) =>
    answered(
      await fetch(hubspot.url + path, {
        method,
        headers,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    );
}
