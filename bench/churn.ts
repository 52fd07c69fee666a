import { pause, portalId, type Calls, type Stands } from './stage.js';
import { periodMs, untilQuiet } from './until-quiet.js';

export interface Churn {
  changed: number;
  calls: { hubspot: Calls; klaviyo: Calls };
  /** Calls that sweeps make in the same time when nothing changes. */
  quiet: { hubspot: Calls; klaviyo: Calls };
  floor: { hubspot: number; klaviyo: number };
  seconds: number;
}

interface Contact {
  id: string;
  properties: Record<string, string | null>;
}
interface Profile {
  id: string;
  attributes: { email: string | null; first_name: string | null };
}

/** Two periods: as long as sweeps need at most to find and carry what was edited. */
const watchedMs = 2 * periodMs;

/**
 * A steady day: so many contacts and as many other profiles are edited, nobody tells, and the next sweeps carry them. The
 * floor: the sweeps that look in any case, measured before the edits, find the changed records and later those that were
 * written for them, which no filter leaves out (a search page holds 200, a profile page 100; what is more takes a call of its
 * own), a contact that a search found is read, for the search answers from an index that lags the record, the partner of each is
 * read once (100 a call), and it is written once (HubSpot 100 a call, one import job and one look at its end for all of Klaviyo's).
 */
export async function churn({ hubspot, klaviyo, ...stands }: Stands, edits: number): Promise<Churn> {
  const contacts = `${hubspot.url}/_sandbox/portals/${portalId}/contacts`;
  const profiles = `${klaviyo.url}/_sandbox/accounts/TANDM1/profiles`;
  const ask = async <T>(url: string): Promise<T> => (await (await fetch(url)).json()) as T;
  const { results } = await ask<{ results: Contact[] }>(`${contacts}?limit=${2 * edits + 200}`);
  const people = results.filter(({ properties }) => properties['email'] != null);
  const profileOf = async (contact: Contact): Promise<Profile | undefined> =>
    (await ask<{ results: Profile[] }>(`${profiles}?email=${encodeURIComponent(contact.properties['email'] ?? '')}`))
      .results[0];
  const pairs: { contact: Contact; profile: Profile }[] = [];
  for (const contact of people) {
    const profile = await profileOf(contact);
    if (profile !== undefined) pairs.push({ contact, profile });
    if (pairs.length === 2 * edits) break;
  }
  const [there, back] = [pairs.slice(0, edits), pairs.slice(edits)];
  // Until what the first sync itself stirred up has been swept.
  await stands.calls();
  await untilQuiet(stands);
  await pause(watchedMs);
  const before = await stands.calls();
  const started = performance.now();
  for (const { contact } of there)
    await fetch(`${contacts}/${contact.id}`, {
      method: 'PATCH',
      body: JSON.stringify({ properties: { firstname: 'Churn' } }),
    });
  for (const { profile } of back)
    await fetch(`${profiles}/${profile.id}`, {
      method: 'PATCH',
      body: JSON.stringify({ type: 'profile', attributes: { first_name: 'Churn' } }),
    });
  const arrived = async (): Promise<boolean> => {
    for (const { profile } of there)
      if ((await ask<Profile>(`${profiles}/${profile.id}`)).attributes.first_name !== 'Churn') return false;
    for (const { contact } of back)
      if ((await ask<Contact>(`${contacts}/${contact.id}`)).properties['firstname'] !== 'Churn') return false;
    return true;
  };
  while (!(await arrived())) await pause(500);
  const seconds = (performance.now() - started) / 1000;
  await pause(watchedMs - (performance.now() - started));
  const calls = await stands.calls();
  const listed = there.length + back.length;
  const batches = (n: number, size: number): number => Math.ceil(n / size);
  return {
    changed: there.length + back.length,
    calls,
    quiet: before,
    floor: {
      hubspot:
        before.hubspot.total + batches(listed, 200) - 1 + batches(there.length, 100) + 2 * batches(back.length, 100),
      klaviyo: before.klaviyo.total + batches(listed, 100) - 1 + batches(there.length, 100) + 2,
    },
    seconds,
  };
}
