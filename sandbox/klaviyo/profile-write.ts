import { Refusal } from '../core/server.js';
import { invalid, klaviyoError } from './answers.js';
import { locationFields, scalars } from './records.js';
import type { Account, Profile } from './store.js';

type Json = Record<string, unknown>;

export interface ProfileResource {
  type?: string;
  id?: string | null;
  attributes?: Json;
  meta?: {
    patch_properties?: { append?: Json; unappend?: Json; unset?: string | string[] };
    patch_identifiers?: { append?: Json; unappend?: Json };
  };
}

const identifiers = ['email', 'phone_number', 'external_id'] as const;
type IdentifierName = (typeof identifiers)[number];

const emailLike = /^[^\s@,;<>"]+@[^\s@,;<>".]+(\.[^\s@,;<>".]+)*\.[^\s@,;<>".]{2,}$/;
const writable: readonly string[] = ['email', 'phone_number', '_kx', ...scalars, 'location', 'properties'];

const refuse = (detail: string, pointer: string): Refusal => new Refusal(invalid(detail, pointer));
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A string or null out of attributes; undefined when it is not given. */
function textOf(attributes: Json, name: string, pointer: string): string | null | undefined {
  const value = attributes[name];
  if (value === undefined || value === null) return value;
  if (typeof value !== 'string') throw refuse(`'${name}' must be a string.`, `${pointer}/${name}`);
  return value;
}

interface Checked {
  identity: Partial<Record<IdentifierName, string | null>>;
  values: [(typeof scalars)[number], string | null][];
  location: Json | null | undefined;
  properties: Json | undefined;
  phoneIgnored: boolean;
}

/** Checks all that a resource carries before any of it is written. */
function check(account: Account, resource: ProfileResource, known: Profile | null, pointer: string): Checked {
  const attributes = resource.attributes ?? {};
  for (const name of Object.keys(attributes)) {
    if (!writable.includes(name)) {
      throw refuse(`'${name}' is not a valid field for the resource 'profile'.`, `${pointer}/${name}`);
    }
  }
  const identity: Checked['identity'] = {};
  let phoneIgnored = false;
  const email = textOf(attributes, 'email', pointer);
  if (typeof email === 'string' && !emailLike.test(email.trim()))
    throw refuse('Invalid email address', `${pointer}/email`);
  if (email !== undefined) identity.email = email === null ? null : email.trim();
  const externalId = textOf(attributes, 'external_id', pointer);
  if (externalId !== undefined) identity.external_id = externalId === '' ? null : externalId;
  const phone = textOf(attributes, 'phone_number', pointer);
  if (typeof phone === 'string' && phone !== '' && !account.takesPhone(phone)) {
    // With another identity beside it Klaviyo drops the number and says so in a header only.
    if (known === null && typeof email !== 'string' && typeof externalId !== 'string') {
      throw refuse('Invalid phone number format (Example of a valid format: +12345678901)', `${pointer}/phone_number`);
    }
    phoneIgnored = true;
  } else if (phone !== undefined) identity.phone_number = phone === '' ? null : phone;
  const patch = resource.meta?.patch_identifiers;
  for (const name of identifiers) {
    if (patch?.unappend !== undefined && name in patch.unappend) identity[name] = null;
    const added = patch?.append?.[name];
    if (typeof added === 'string') identity[name] = added;
  }

  const values: Checked['values'] = [];
  for (const name of scalars) {
    const value = textOf(attributes, name, pointer);
    if (value !== undefined && name !== 'external_id') values.push([name, value === '' ? null : value]);
  }
  const { location, properties } = attributes;
  if (location !== undefined && location !== null) {
    if (!isObject(location)) throw refuse("'location' must be an object.", `${pointer}/location`);
    for (const [name, value] of Object.entries(location)) {
      const at = `${pointer}/location/${name}`;
      if (!locationFields.includes(name))
        throw refuse(`'${name}' is not a valid field for the resource 'location'.`, at);
      const isNumber = typeof value === 'number' && (name === 'latitude' || name === 'longitude');
      if (value !== null && typeof value !== 'string' && !isNumber) throw refuse(`'${name}' must be a string.`, at);
    }
  }
  if (properties !== undefined && properties !== null && !isObject(properties)) {
    throw refuse("'properties' must be an object.", `${pointer}/properties`);
  }
  return {
    identity,
    values,
    location,
    properties: isObject(properties) ? properties : undefined,
    phoneIgnored,
  };
}

/**
 * Writes what a resource carries to a profile, or to a new one. Absent fields stay, null empties. Answers whether the
 * phone number was ignored; throws Klaviyo's refusals, and then nothing is written.
 */
export function writeProfile(
  account: Account,
  profile: Profile | null,
  resource: ProfileResource,
  pointer = '/data/attributes',
): { profile: Profile; phoneIgnored: boolean } {
  const checked = check(account, resource, profile, pointer);
  const [other] = account.holder(checked.identity).filter(({ id }) => id !== profile?.id);
  if (other !== undefined) {
    throw new Refusal(
      klaviyoError(409, 'duplicate_profile', 'Conflict.', 'A profile already exists with one of these identifiers.', {
        pointer,
        meta: { duplicate_profile_id: other.id },
      }),
    );
  }
  const identified = identifiers.some((name) => typeof checked.identity[name] === 'string');
  if (profile === null && !identified) {
    throw refuse('One of email, phone_number, external_id or id is required.', pointer);
  }
  const target = profile ?? account.create();
  account.identify(target, checked.identity);
  for (const [name, value] of checked.values) target[name] = value;
  if (checked.location === null) target.location = {};
  else {
    for (const [name, value] of Object.entries(checked.location ?? {})) {
      if (value === null || value === '') delete target.location[name];
      else target.location[name] = value as string | number;
    }
  }
  // A property that is given as null stays, with null in it; only `unset` takes it away.
  if (checked.properties !== undefined) target.properties = { ...target.properties, ...checked.properties };
  patchProperties(target, resource);
  account.touch(target);
  return { profile: target, phoneIgnored: checked.phoneIgnored };
}

const asList = (value: unknown): unknown[] =>
  Array.isArray(value) ? value : value === undefined || value === null ? [] : [value];

function patchProperties(target: Profile, resource: ProfileResource): void {
  const patch = resource.meta?.patch_properties;
  if (patch === undefined) return;
  const properties = { ...target.properties };
  for (const [name, value] of Object.entries(patch.append ?? {})) {
    properties[name] = [...new Set([...asList(properties[name]), ...asList(value)])];
  }
  for (const [name, value] of Object.entries(patch.unappend ?? {})) {
    const gone = asList(value);
    properties[name] = asList(properties[name]).filter((one) => !gone.includes(one));
  }
  for (const name of asList(patch.unset)) delete properties[String(name)];
  target.properties = properties;
}

/** The profile an upsert means: by id, else by email, else by phone number or external id. */
export function matchOf(account: Account, resource: ProfileResource): Profile | null {
  if (typeof resource.id === 'string' && resource.id !== '') {
    const known = account.find(resource.id);
    if (known !== undefined) return known;
    throw new Refusal(
      klaviyoError(404, 'not_found', 'Not found.', `A profile with id ${resource.id} does not exist.`, {
        pointer: '/data/id',
      }),
    );
  }
  const given = resource.attributes ?? {};
  const text = (name: string): string | undefined => (typeof given[name] === 'string' ? given[name] : undefined);
  const [byEmail] = account.holder({ email: text('email') });
  if (byEmail !== undefined) return byEmail;
  return account.holder({ phone_number: text('phone_number'), external_id: text('external_id') })[0] ?? null;
}
