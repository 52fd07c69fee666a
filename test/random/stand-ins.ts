import type { World } from '../helpers/service.js';
import { fieldOf } from './fields.js';
import type { Values } from './operations.js';

export interface Contact {
  id: string;
  properties: Record<string, string | null>;
}
export interface Profile {
  id: string;
  attributes: { email: string | null };
}

/** What people do in HubSpot and Klaviyo, over the stand-ins' steering routes. A refusal (4xx) answers null. */
export class StandIns {
  private readonly hubspot: string;
  private readonly klaviyo: string;

  constructor(private readonly world: World) {
    this.hubspot = `${world.hubspot.url}/_sandbox/portals/${world.portalId}`;
    this.klaviyo = `${world.klaviyo.url}/_sandbox/accounts/TANDM1`;
  }

  async contact(email: string): Promise<Contact | null> {
    const found = await call<{ results: Contact[] }>(
      'GET',
      `${this.hubspot}/contacts?email=${encodeURIComponent(email)}`,
    );
    return found?.results[0] ?? null;
  }

  async profile(email: string): Promise<Profile | null> {
    const found = await call<{ results: Profile[] }>(
      'GET',
      `${this.klaviyo}/profiles?email=${encodeURIComponent(email)}`,
    );
    return found?.results[0] ?? null;
  }

  createContact(email: string, values: Values): Promise<Contact | null> {
    return call('POST', `${this.hubspot}/contacts`, { properties: { ...values, email } });
  }

  editContact(id: string, values: Values): Promise<Contact | null> {
    return call('PATCH', `${this.hubspot}/contacts/${id}`, { properties: values });
  }

  createProfile(email: string, values: Values): Promise<Profile | null> {
    return call('POST', `${this.klaviyo}/profiles`, resource(values, { email }));
  }

  editProfile(id: string, values: Values, more: Record<string, unknown> = {}): Promise<Profile | null> {
    return call('PATCH', `${this.klaviyo}/profiles/${id}`, resource(values, more));
  }

  delete(side: 'hubspot' | 'klaviyo', id: string): Promise<unknown> {
    return call('DELETE', side === 'hubspot' ? `${this.hubspot}/contacts/${id}` : `${this.klaviyo}/profiles/${id}`);
  }

  mergeContacts(primary: string, other: string): Promise<Contact | null> {
    return call('POST', `${this.hubspot}/merge`, { primary, other });
  }

  mergeProfiles(source: string, destination: string): Promise<unknown> {
    return call('POST', `${this.klaviyo}/merge`, { source, destination });
  }

  membership(side: 'hubspot' | 'klaviyo', list: string, id: string, join: boolean): Promise<unknown> {
    const members = join ? { add: [id] } : { remove: [id] };
    return call('PUT', `${side === 'hubspot' ? this.hubspot : this.klaviyo}/lists/${list}/members`, members);
  }

  optOutInHubspot(email: string): Promise<unknown> {
    return call('POST', `${this.hubspot}/opt-out`, { email });
  }

  unsubscribe(email: string): Promise<unknown> {
    return call('POST', `${this.klaviyo}/unsubscribe`, { email });
  }

  suppress(email: string, how: 'staff' | 'bounce' | 'spam'): Promise<unknown> {
    if (how === 'staff') return call('POST', `${this.klaviyo}/suppress`, { email });
    return call('POST', `${this.klaviyo}/activity`, { email, type: how === 'bounce' ? 'bounced' : 'spam' });
  }

  /** Whether a token of this side is about to be refused: twice in a row means that a person must connect again. */
  async tokenFails(side: 'hubspot' | 'klaviyo'): Promise<boolean> {
    const waiting = await call<{ faults: { kind: string }[] }>('GET', `${this.world[side].url}/_sandbox/faults`);
    return waiting?.faults.some(({ kind }) => kind === 'expired_token') === true;
  }

  async fault(side: 'hubspot' | 'klaviyo', fault: object): Promise<void> {
    await call('POST', `${this.world[side].url}/_sandbox/faults`, fault);
  }

  async uninstall(): Promise<void> {
    await call('POST', `${this.world.hubspot.url}/_sandbox/uninstall`, { portalId: this.world.portalId });
  }

  async webhooks(behaviour: object): Promise<void> {
    await call('POST', `${this.world.hubspot.url}/_sandbox/webhooks/behaviour`, behaviour);
  }

  /** Faults end and webhooks come as they should. */
  async calm(): Promise<void> {
    for (const side of ['hubspot', 'klaviyo'] as const) await call('DELETE', `${this.world[side].url}/_sandbox/faults`);
    await this.webhooks({ drop: 0, duplicates: 0, shuffle: false });
  }
}

/** Values by HubSpot property as a Klaviyo resource; null takes a property away and empties an attribute. */
function resource(values: Values, more: Record<string, unknown>): object {
  const attributes: Record<string, unknown> = { ...more };
  const properties: Record<string, unknown> = {};
  const location: Record<string, unknown> = {};
  const unset: string[] = [];
  for (const [name, value] of Object.entries(values)) {
    const { klaviyo } = fieldOf(name);
    if (klaviyo.kind === 'property' && value === null) unset.push(klaviyo.name);
    else if (klaviyo.kind === 'property') properties[klaviyo.name] = value;
    else if (klaviyo.name.startsWith('location.')) location[klaviyo.name.slice('location.'.length)] = value;
    else attributes[klaviyo.name] = value;
  }
  if (Object.keys(location).length > 0) attributes['location'] = location;
  if (Object.keys(properties).length > 0) attributes['properties'] = properties;
  return { type: 'profile', attributes, ...(unset.length === 0 ? {} : { meta: { patch_properties: { unset } } }) };
}

async function call<Answer>(method: string, url: string, body?: unknown): Promise<Answer | null> {
  const response = await fetch(url, {
    method,
    ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (response.status >= 500) throw new Error(`${method} ${url} answered ${response.status}: ${text}`);
  if (response.status >= 400) return null;
  return (text === '' ? {} : JSON.parse(text)) as Answer;
}
