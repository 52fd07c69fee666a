import type { SandboxRequest } from '../core/router.js';
import { shownTime } from './answers.js';
import { locationFields, type List, type Profile, type Segment } from './records.js';

type Json = Record<string, unknown>;

const relation = (self: string, name: string): Json => ({
  links: { self: `${self}relationships/${name}/`, related: `${self}${name}/` },
});

/** Relationships that are only told as links. */
export function relationships(self: string, names: readonly string[]): Json {
  return Object.fromEntries(names.map((name) => [name, relation(self, name)]));
}

/** The `fields[type]` of a request: which attributes it wants; null means all. */
export function wantedFields(request: SandboxRequest, type: string): string[] | null {
  return request.query.get(`fields[${type}]`)?.split(',') ?? null;
}

/** Only the wanted attributes; `location.city` picks one out of a group. */
export function pick(attributes: Json, wanted: string[] | null): Json {
  if (wanted === null) return attributes;
  const picked: Json = {};
  for (const path of wanted) {
    const names = path.split('.');
    const last = names.pop() ?? '';
    let from: unknown = attributes;
    let to = picked;
    for (const name of names) {
      from = (from as Json | null | undefined)?.[name];
      to = (to[name] ??= {}) as Json;
    }
    if (from !== null && typeof from === 'object' && last in from) to[last] = (from as Json)[last];
  }
  return picked;
}

/** How a request wants its profiles. */
export interface ProfileView {
  origin: string;
  subscriptions: boolean;
  wanted: string[] | null;
}

export function profileView(request: SandboxRequest): ProfileView {
  const additional = (request.query.get('additional-fields[profile]') ?? '').split(',');
  return {
    origin: request.url.origin,
    subscriptions: additional.includes('subscriptions'),
    wanted: wantedFields(request, 'profile'),
  };
}

/** A profile as Klaviyo sends it. Times have a grain of one second. */
export function profileJson(view: ProfileView, profile: Profile, joinedAt?: number): Json {
  const attributes: Json = {
    email: profile.email,
    phone_number: profile.phone_number,
    external_id: profile.external_id,
    first_name: profile.first_name,
    last_name: profile.last_name,
    organization: profile.organization,
    locale: profile.locale,
    title: profile.title,
    image: profile.image,
    created: shownTime(profile.created),
    updated: shownTime(profile.updated),
    last_event_date: profile.lastEventAt === null ? null : shownTime(profile.lastEventAt),
    location: Object.fromEntries(locationFields.map((name) => [name, profile.location[name] ?? null])),
    properties: profile.properties,
  };
  if (joinedAt !== undefined) attributes['joined_group_at'] = shownTime(joinedAt);
  if (view.subscriptions) attributes['subscriptions'] = subscriptionsJson(profile);
  const self = `${view.origin}/api/profiles/${profile.id}/`;
  return {
    type: 'profile',
    id: profile.id,
    attributes: pick(attributes, view.wanted),
    relationships: relationships(self, ['lists', 'segments', 'push-tokens']),
    links: { self },
  };
}

function subscriptionsJson(profile: Profile): Json {
  const at = profile.consentAt === null ? null : shownTime(profile.consentAt);
  return {
    email: {
      marketing: {
        can_receive_email_marketing: profile.suppressions.length === 0,
        consent: profile.consent,
        consent_timestamp: at,
        last_updated: at,
        method: profile.method,
        method_detail: profile.method === null ? null : '',
        custom_method_detail: null,
        double_optin: profile.doubleOptIn,
        suppression: profile.suppressions.map(({ reason, at: when }) => ({ reason, timestamp: shownTime(when) })),
        list_suppressions: profile.listSuppressions.map(({ listId, reason, at: when }) => ({
          list_id: listId,
          reason,
          timestamp: shownTime(when),
        })),
      },
      open_tracking: { consent: 'NEVER_SUBSCRIBED', consent_timestamp: null, last_updated: null, can_receive: true },
    },
    sms: {
      marketing: { can_receive_sms_marketing: false, consent: 'NEVER_SUBSCRIBED', consent_timestamp: null },
      transactional: { can_receive_sms_transactional: false, consent: 'NEVER_SUBSCRIBED', consent_timestamp: null },
    },
    mobile_push: {
      marketing: { can_receive_push_marketing: false, consent: 'NEVER_SUBSCRIBED', consent_timestamp: null },
    },
  };
}

export function listJson(request: SandboxRequest, list: List, withCount = false): Json {
  const self = `${request.url.origin}/api/lists/${list.id}/`;
  const attributes = {
    name: list.name,
    created: shownTime(list.created),
    updated: shownTime(list.updated),
    opt_in_process: list.optIn,
    ...(withCount ? { profile_count: list.members.size } : {}),
  };
  return {
    type: 'list',
    id: list.id,
    attributes: pick(attributes, wantedFields(request, 'list')),
    relationships: relationships(self, ['profiles', 'tags', 'flow-triggers']),
    links: { self },
  };
}

export function segmentJson(request: SandboxRequest, segment: Segment, withCount = false): Json {
  const self = `${request.url.origin}/api/segments/${segment.id}/`;
  const attributes = {
    name: segment.name,
    definition: segment.definition,
    created: shownTime(segment.created),
    updated: shownTime(segment.updated),
    is_active: segment.active,
    is_processing: false,
    is_starred: segment.starred,
    ...(withCount ? { profile_count: segment.members.size } : {}),
  };
  return {
    type: 'segment',
    id: segment.id,
    attributes: pick(attributes, wantedFields(request, 'segment')),
    relationships: relationships(self, ['profiles', 'tags', 'flow-triggers']),
    links: { self },
  };
}
