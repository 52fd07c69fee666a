import type { Router, SandboxAnswer, SandboxRequest } from '../core/router.js';
import { Refusal } from '../core/server.js';
import { invalid, klaviyoError } from './answers.js';
import { FilterError, parseFilter, type Clause } from './filter.js';
import { makeCursor, pageLinks, profileJson, readCursor } from './serialise.js';
import { locationFields, scalars, type Account, type Profile } from './store.js';

export interface ProfileResource {
  type?: string;
  id?: string;
  attributes?: Record<string, unknown>;
  meta?: {
    patch_properties?: {
      append?: Record<string, unknown>;
      unappend?: Record<string, unknown>;
      unset?: string | string[];
    };
  };
}

type AccountOf = (request: SandboxRequest) => Account;
const e164 = /^\+[1-9]\d{6,14}$/;
const emailLike = /^[^\s@]+@[^\s@]+\.[^\s@.]{2,}$/;

/** Parses the request's filter or refuses it. */
export function clausesOf(request: SandboxRequest, allowed: Record<string, string[]>): Clause[] {
  const text = request.query.get('filter');
  if (text === null || text === '') return [];
  try {
    const clauses = parseFilter(text);
    for (const clause of clauses) {
      if (!(allowed[clause.field] ?? []).includes(clause.operator))
        throw new FilterError(`'${clause.operator}' is not a valid operator for the field '${clause.field}'`);
    }
    return clauses;
  } catch (error) {
    if (error instanceof FilterError)
      throw new Refusal(klaviyoError(400, 'invalid', 'Invalid input.', error.message, { parameter: 'filter' }));
    throw error;
  }
}

/** Page size within the vendor's bounds. */
export function pageSize(request: SandboxRequest, fallback: number, largest: number): number {
  const size = Number(request.query.get('page[size]') ?? fallback);
  if (!Number.isInteger(size) || size < 1 || size > largest)
    throw new Refusal(
      klaviyoError(400, 'invalid', 'Invalid input.', `Page size must be an integer between 1 and ${largest}.`, {
        parameter: 'page[size]',
      }),
    );
  return size;
}

export const wantsSubscriptions = (request: SandboxRequest): boolean =>
  (request.query.get('additional-fields[profile]') ?? '').split(',').includes('subscriptions');
const onlyFields = (request: SandboxRequest): string[] | null =>
  request.query.get('fields[profile]')?.split(',') ?? null;

const filters = {
  id: ['any', 'equals'],
  email: ['any', 'equals'],
  phone_number: ['any', 'equals'],
  external_id: ['any', 'equals'],
  created: ['greater-than', 'less-than'],
  updated: ['greater-than', 'less-than'],
};

/** Writes what a resource carries. Answers whether the phone number was ignored; throws Klaviyo's refusals. */
export function writeProfile(
  account: Account,
  profile: Profile | null,
  resource: ProfileResource,
  pointer = '/data/attributes',
): { profile: Profile; phoneIgnored: boolean } {
  const attributes = resource.attributes ?? {};
  const text = (name: string): string | null | undefined => {
    const value = attributes[name];
    if (value === undefined || value === null) return value;
    if (typeof value !== 'string') throw new Refusal(invalid(`'${name}' must be a string.`, `${pointer}/${name}`));
    return value;
  };
  const email = text('email');
  if (typeof email === 'string' && !emailLike.test(email.trim()))
    throw new Refusal(invalid(`Invalid email address`, `${pointer}/email`));
  let phone = text('phone_number');
  let phoneIgnored = false;
  if (typeof phone === 'string' && phone !== '' && !e164.test(phone)) {
    // With another identity beside it Klaviyo drops the number and says so in a header only.
    if (profile === null && typeof email !== 'string')
      throw new Refusal(
        invalid('Invalid phone number format (Example of a valid format: +12345678901)', `${pointer}/phone_number`),
      );
    phone = undefined;
    phoneIgnored = true;
  }
  const externalId = text('external_id');
  const others = account
    .holder({ email, phone_number: phone, external_id: externalId })
    .filter((other) => other.id !== profile?.id);
  const [other] = others;
  if (other !== undefined) {
    throw new Refusal(
      klaviyoError(409, 'duplicate_profile', 'Conflict.', 'A profile already exists with one of these identifiers.', {
        pointer,
        meta: { duplicate_profile_id: other.id },
      }),
    );
  }
  for (const name of scalars) text(name);
  const target = profile ?? account.create();
  account.identify(target, {
    ...(email === undefined ? {} : { email: email === null ? null : email.trim() }),
    ...(phone === undefined ? {} : { phone_number: phone === '' ? null : phone }),
    ...(externalId === undefined ? {} : { external_id: externalId }),
  });
  for (const name of scalars) {
    const value = text(name);
    if (value !== undefined && name !== 'external_id') target[name] = value === '' ? null : value;
  }
  if ('location' in attributes) {
    const location = attributes['location'];
    if (location === null) target.location = {};
    else if (typeof location === 'object') {
      for (const [name, value] of Object.entries(location as Record<string, unknown>)) {
        if (!locationFields.includes(name))
          throw new Refusal(
            invalid(`'${name}' is not a valid field for the resource 'location'.`, `${pointer}/location/${name}`),
          );
        if (value === null || value === '') delete target.location[name];
        else target.location[name] = typeof value === 'number' ? value : String(value);
      }
    }
  }
  if (typeof attributes['properties'] === 'object' && attributes['properties'] !== null)
    target.properties = { ...target.properties, ...attributes['properties'] };
  patchProperties(target, resource);
  account.touch(target);
  return { profile: target, phoneIgnored };
}

function patchProperties(target: Profile, resource: ProfileResource): void {
  const patch = resource.meta?.patch_properties;
  if (patch === undefined) return;
  const asList = (value: unknown): unknown[] =>
    Array.isArray(value) ? value : value === undefined || value === null ? [] : [value];
  for (const [name, value] of Object.entries(patch.append ?? {}))
    target.properties[name] = [...new Set([...asList(target.properties[name]), ...asList(value)])];
  for (const [name, value] of Object.entries(patch.unappend ?? {}))
    target.properties[name] = asList(target.properties[name]).filter((one) => !asList(value).includes(one));
  for (const name of asList(patch.unset)) delete target.properties[String(name)];
}

const tooLarge = (request: SandboxRequest): SandboxAnswer | null =>
  request.rawBody.length > 100_000
    ? klaviyoError(413, 'payload_too_large', 'Payload too large.', 'The payload is larger than 100KB.')
    : null;

/** Profiles: list, read, create, update, upsert, merge, delete. */
export function addProfileRoutes(router: Router, accountOf: AccountOf): void {
  router.add('GET', '/api/profiles', 'profiles.list', (request) => {
    const account = accountOf(request);
    const clauses = clausesOf(request, filters);
    const size = pageSize(request, 20, 100);
    const sort = request.query.get('sort') ?? 'id';
    const key = sort.replace(/^-/, '');
    if (!['id', 'created', 'updated', 'email'].includes(key))
      return klaviyoError(400, 'invalid', 'Invalid input.', `'${sort}' is not a valid sort key.`, {
        parameter: 'sort',
      });
    const found = select(account, clauses);
    const direction = sort.startsWith('-') ? -1 : 1;
    const of = (profile: Profile): number | string =>
      key === 'created'
        ? Math.floor(profile.created / 1000)
        : key === 'updated'
          ? Math.floor(profile.updated / 1000)
          : key === 'email'
            ? (profile.email ?? '')
            : profile.id;
    const compare = (a: number | string, b: number | string): number => (a < b ? -1 : a > b ? 1 : 0);
    found.sort((a, b) => direction * (compare(of(a), of(b)) || compare(a.id, b.id)));
    const cursor = readCursor(request.query.get('page[cursor]'));
    const start =
      cursor === null
        ? 0
        : found.findIndex(
            (profile) => direction * (compare(of(profile), cursor[0]) || compare(profile.id, cursor[1])) > 0,
          );
    const page = start < 0 ? [] : found.slice(start, start + size);
    const last = page.at(-1);
    const more = start >= 0 && start + size < found.length && last !== undefined;
    return {
      status: 200,
      json: {
        data: page.map((profile) =>
          profileJson(request.url.origin, profile, {
            subscriptions: wantsSubscriptions(request),
            only: onlyFields(request),
          }),
        ),
        links: pageLinks(request.url, more ? makeCursor([of(last), last.id]) : null),
      },
    };
  });

  const one = (request: SandboxRequest): Profile => {
    const profile = accountOf(request).find(request.params['id'] ?? '');
    if (profile === undefined)
      throw new Refusal(
        klaviyoError(404, 'not_found', 'Not found.', `A profile with id ${request.params['id'] ?? ''} does not exist.`),
      );
    return profile;
  };
  const answer = (
    request: SandboxRequest,
    status: number,
    written: { profile: Profile; phoneIgnored: boolean },
  ): SandboxAnswer => ({
    status,
    json: { data: profileJson(request.url.origin, written.profile, { subscriptions: wantsSubscriptions(request) }) },
    ...(written.phoneIgnored ? { headers: { 'x-klaviyo-partial-failure': 'phone_number' } } : {}),
  });
  const resourceOf = (request: SandboxRequest): ProfileResource => {
    const data = (request.json as { data?: ProfileResource } | undefined)?.data;
    if (data?.type !== 'profile') throw new Refusal(invalid("The payload must have a 'data' of type 'profile'."));
    return data;
  };

  router.add('GET', '/api/profiles/:id', 'profiles.get', (request) => ({
    status: 200,
    json: {
      data: profileJson(request.url.origin, one(request), {
        subscriptions: wantsSubscriptions(request),
        only: onlyFields(request),
      }),
    },
  }));
  router.add(
    'POST',
    '/api/profiles',
    'profiles.create',
    (request) => tooLarge(request) ?? answer(request, 201, writeProfile(accountOf(request), null, resourceOf(request))),
    true,
  );
  router.add(
    'PATCH',
    '/api/profiles/:id',
    'profiles.update',
    (request) => {
      const resource = resourceOf(request);
      if (resource.id !== request.params['id'])
        return invalid('The id of the payload must be that of the path.', '/data/id');
      return tooLarge(request) ?? answer(request, 200, writeProfile(accountOf(request), one(request), resource));
    },
    true,
  );
  router.add(
    'POST',
    '/api/profile-import',
    'profiles.upsert',
    (request) => {
      const account = accountOf(request);
      const resource = resourceOf(request);
      const existing = matchOf(account, resource);
      return (
        tooLarge(request) ?? answer(request, existing === null ? 201 : 200, writeProfile(account, existing, resource))
      );
    },
    true,
  );
  router.add(
    'POST',
    '/api/profile-merge',
    'profiles.merge',
    (request) => {
      const account = accountOf(request);
      const { id, relationships } = (
        request.json as { data: { id: string; relationships: { profiles: { data: { id: string }[] } } } }
      ).data;
      const [source, destination] = [account.find(relationships.profiles.data[0]?.id ?? ''), account.find(id)];
      if (source === undefined || destination === undefined || source === destination)
        return klaviyoError(404, 'not_found', 'Not found.', 'There is no such profile.');
      account.merge(source, destination);
      return {
        status: 202,
        json: {
          data: {
            type: 'profile',
            id: destination.id,
            links: { self: `${request.url.origin}/api/profiles/${destination.id}/` },
          },
        },
      };
    },
    true,
  );
  router.add(
    'POST',
    '/api/data-privacy-deletion-jobs',
    'privacy.deletion',
    (request) => {
      const account = accountOf(request);
      const given = (
        request.json as {
          data: {
            attributes: { profile: { data: { id?: string; attributes?: { email?: string; phone_number?: string } } } };
          };
        }
      ).data.attributes.profile.data;
      const profile = given.id === undefined ? account.holder(given.attributes ?? {})[0] : account.find(given.id);
      if (profile !== undefined) account.remove(profile);
      return { status: 202 };
    },
    true,
  );
}

/** The profile an upsert means: by id, else by email, else by phone or external id. */
export function matchOf(account: Account, resource: ProfileResource): Profile | null {
  if (resource.id !== undefined) {
    const known = account.find(resource.id);
    if (known === undefined)
      throw new Refusal(
        klaviyoError(404, 'not_found', 'Not found.', `A profile with id ${resource.id} does not exist.`),
      );
    return known;
  }
  const given = resource.attributes ?? {};
  const text = (name: string): string | undefined => (typeof given[name] === 'string' ? given[name] : undefined);
  const [byEmail] = account.holder({ email: text('email') });
  return byEmail ?? account.holder({ phone_number: text('phone_number'), external_id: text('external_id') })[0] ?? null;
}

function select(account: Account, clauses: readonly Clause[]): Profile[] {
  const identity = clauses.find((clause) => ['id', 'email', 'phone_number', 'external_id'].includes(clause.field));
  let found: Profile[];
  if (identity === undefined) found = [...account.profiles.values()];
  else if (identity.field === 'id') found = identity.values.flatMap((id) => account.profiles.get(id) ?? []);
  else found = identity.values.flatMap((value) => account.holder({ [identity.field]: value }));
  for (const { operator, field, values } of clauses) {
    if (field !== 'created' && field !== 'updated') continue;
    const bound = Date.parse(values[0] ?? '');
    if (Number.isNaN(bound))
      throw new Refusal(
        klaviyoError(400, 'invalid', 'Invalid input.', 'Invalid datetime in filter.', { parameter: 'filter' }),
      );
    if (bound > Date.now() - 5000)
      throw new Refusal(
        klaviyoError(400, 'invalid', 'Invalid input.', 'The datetime is too close to the present.', {
          parameter: 'filter',
        }),
      );
    // Times are compared by the second, as they are shown.
    found = found.filter((profile) => {
      const second = Math.floor(profile[field] / 1000) * 1000;
      return operator === 'greater-than' ? second > bound : second < bound;
    });
  }
  return [...new Set(found)];
}
