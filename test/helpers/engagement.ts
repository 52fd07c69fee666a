import { connectKlaviyo, type World } from './service.js';

/** What journeys of email activity do and look at, over HTTP alone. */

export interface Occurrence {
  id: string;
  eventTypeName: string;
  objectId: string;
  timestamp: string;
  properties: Record<string, string>;
}

export interface Happening {
  email?: string;
  profileId?: string;
  type: string;
  url?: string;
  machine?: boolean;
  bot?: boolean;
  at?: string;
  messageId?: string;
  lagMs?: number;
}

async function answered(response: Response): Promise<Response> {
  if (!response.ok) throw new Error(`${response.url}: ${response.status} ${await response.text()}`);
  return response;
}

const post = async (url: string, body: object): Promise<void> => {
  await answered(
    await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  );
};

/** Drafts and activates an engagement connection over all email. Answers its id. */
export async function activateEngagement(world: World, more: Record<string, unknown> = {}): Promise<string> {
  const klaviyoAccountId = more['klaviyoAccountId'] ?? (await connectKlaviyo(world));
  const draft = await world.call('POST', '/connections', { type: 'engagement', ...more, klaviyoAccountId });
  if (draft.status !== 201) throw new Error(draft.text);
  const { id } = draft.json as { id: string };
  const activated = await world.call('POST', `/connections/${id}/activate`);
  if (activated.status !== 202) throw new Error(activated.text);
  return id;
}

/** Something happens to an email in Klaviyo. */
export const activity = (world: World, happening: Happening): Promise<void> =>
  post(`${world.klaviyo.url}/_sandbox/accounts/TANDM1/activity`, happening);

/** Two profiles become one. */
export const mergeProfiles = (world: World, source: string, destination: string): Promise<void> =>
  post(`${world.klaviyo.url}/_sandbox/accounts/TANDM1/merge`, { source, destination });

/** HubSpot approves the app's events, or takes that back. */
export const approve = (world: World, approved: boolean): Promise<void> =>
  post(`${world.hubspot.url}/_sandbox/portals/${world.portalId}/app-events`, { approved });

/** What stands on timelines, of one record or of all. */
export async function appEventsOf(world: World, objectId?: string): Promise<Occurrence[]> {
  const query = objectId === undefined ? '' : `?objectId=${objectId}`;
  const response = await answered(
    await fetch(`${world.hubspot.url}/_sandbox/portals/${world.portalId}/app-events${query}`),
  );
  return ((await response.json()) as { results: Occurrence[] }).results;
}

export interface Card {
  totals: Record<string, unknown>;
  byDay: { day: string; sent: number; opened: number; clicked: number }[];
  latest: {
    type: string;
    message: string | null;
    url: string | null;
    campaignUrl: string | null;
    correction: string | null;
  }[];
}

/** A card as HubSpot shows it. */
export async function card(
  world: World,
  objectId: string,
  object: 'contacts' | 'companies' | 'deals' = 'contacts',
): Promise<Card> {
  const answer = await world.call('GET', `/${object}/${objectId}`);
  if (answer.status !== 200) throw new Error(answer.text);
  return answer.json as Card;
}

/** The id of the HubSpot contact with this email. */
export function contactIdOf(world: World, email: string): string {
  for (const contact of world.hubspot.portals.get(world.portalId)?.contacts.values() ?? [])
    if (contact.properties['email']?.toLowerCase() === email.toLowerCase()) return contact.id;
  throw new Error('There is no contact with this email.');
}

/** Emails of people who are in both, in a fixed order. */
export function sharedEmails(world: World): string[] {
  const portal = world.hubspot.portals.get(world.portalId);
  const account = world.klaviyo.accounts.get('TANDM1');
  const contacts = new Set([...(portal?.contacts.values() ?? [])].map((one) => one.properties['email']?.toLowerCase()));
  return [...(account?.profiles.values() ?? [])].flatMap(({ email }) =>
    email != null && contacts.has(email.toLowerCase()) ? [email] : [],
  );
}

/** Connects the first Klaviyo account by OAuth, as a browser would; only apps may have webhooks. Answers its id. */
export async function connectByOauth(world: World): Promise<string> {
  const link = await world.call('POST', '/klaviyo-accounts/oauth-link');
  if (link.status !== 201) throw new Error(link.text);
  const begun = await fetch((link.json as { url: string }).url, { redirect: 'manual' });
  const cookie = (begun.headers.getSetCookie()[0] ?? '').split(';')[0] ?? '';
  const consent = new URL(begun.headers.get('location') ?? '');
  const approved = await fetch(`${consent.origin}/oauth/authorize/approve`, {
    method: 'POST',
    redirect: 'manual',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ ...Object.fromEntries(consent.searchParams), account: 'TANDM1' }).toString(),
  });
  const back = await answered(await fetch(approved.headers.get('location') ?? '', { headers: { cookie } }));
  await back.text();
  const account = await world.call('GET', '/account');
  const [first] = (account.json as { klaviyoAccounts: { id: string }[] }).klaviyoAccounts;
  if (first === undefined) throw new Error('Klaviyo was not connected.');
  return first.id;
}
