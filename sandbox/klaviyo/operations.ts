/** Klaviyo's tiers: calls a second, calls a minute. https://developers.klaviyo.com/en/docs/rate_limits_and_error_handling */
const tiers = { XS: [1, 15], S: [3, 60], M: [10, 150], L: [75, 750], XL: [350, 3500] } as const;

interface Operation {
  tier: keyof typeof tiers;
  /** Calls a day, where there is such a limit. */
  daily?: number;
  scopes: string[];
  /** The query parameters it knows; Klaviyo refuses others. */
  query: string[];
}

const words = (text: string): string[] => text.split(' ').filter((word) => word !== '');
const operation = (tier: Operation['tier'], scopes: string, query = '', daily?: number): Operation => ({
  tier,
  scopes: words(scopes),
  query: words(query),
  ...(daily === undefined ? {} : { daily }),
});

const paged = 'page[cursor] page[size]';
const profileFields = 'additional-fields[profile] fields[profile]';
const members = `filter sort ${paged}`;
const groupFields = (kind: string): string => `include fields[${kind}] fields[flow] fields[tag]`;
const jobFields = (kind: string): string => `fields[profile-suppression-bulk-${kind}-job]`;

/** What each operation costs, needs and takes: figures of revision 2026-07-15. */
export const operations: Readonly<Record<string, Operation>> = {
  'accounts.list': operation('XS', 'accounts:read', 'fields[account]'),
  'accounts.get': operation('XS', 'accounts:read', 'fields[account]'),

  'profiles.list': operation(
    'L',
    'profiles:read',
    `filter sort include fields[conversation] fields[push-token] ${profileFields} ${paged}`,
  ),
  'profiles.get': operation(
    'L',
    'profiles:read',
    `include fields[conversation] fields[push-token] fields[list] fields[segment] ${profileFields}`,
  ),
  'profiles.create': operation('L', 'profiles:write', profileFields),
  'profiles.update': operation('L', 'profiles:write', profileFields),
  'profiles.upsert': operation('L', 'profiles:write', profileFields),
  'profiles.merge': operation('M', 'profiles:write', 'fields[profile]'),
  'profiles.lists': operation('S', 'lists:read profiles:read', 'fields[list]'),
  'profiles.listIds': operation('S', 'lists:read profiles:read'),
  'profiles.segments': operation('S', 'profiles:read segments:read', 'fields[segment]'),
  'profiles.segmentIds': operation('S', 'profiles:read segments:read'),

  'imports.create': operation('M', 'lists:write profiles:write', 'fields[profile-bulk-import-job]'),
  'imports.list': operation('M', 'lists:read profiles:read', `filter sort fields[profile-bulk-import-job] ${paged}`),
  'imports.get': operation('M', 'lists:read profiles:read', 'include fields[profile-bulk-import-job] fields[list]'),
  'imports.errors': operation('M', 'profiles:read', `fields[import-error] ${paged}`),
  'imports.profiles': operation('M', 'profiles:read', `${profileFields} ${paged}`),
  'imports.profileIds': operation('M', 'profiles:read', paged),

  'lists.list': operation('L', 'lists:read', `filter sort ${groupFields('list')} ${paged}`),
  'lists.get': operation('L', 'lists:read', `additional-fields[list] ${groupFields('list')}`),
  'lists.create': operation('M', 'lists:write', 'fields[list]', 150),
  'lists.update': operation('M', 'lists:write', 'fields[list]'),
  'lists.delete': operation('M', 'lists:write'),
  'lists.profiles': operation('L', 'lists:read profiles:read', `${members} ${profileFields}`),
  'lists.profileIds': operation('L', 'lists:read profiles:read', members),
  'lists.add': operation('M', 'lists:write profiles:write'),
  'lists.remove': operation('M', 'lists:write profiles:write'),
  'lists.flowTriggers': operation('S', 'flows:read lists:read', 'fields[flow]'),
  'lists.flowTriggerIds': operation('S', 'flows:read lists:read'),

  'segments.list': operation('L', 'segments:read', `filter sort ${groupFields('segment')} ${paged}`),
  'segments.get': operation('L', 'segments:read', `additional-fields[segment] ${groupFields('segment')}`),
  'segments.profiles': operation('L', 'profiles:read segments:read', `${members} ${profileFields}`),
  'segments.profileIds': operation('L', 'profiles:read segments:read', members),
  'segments.flowTriggers': operation('S', 'flows:read segments:read', 'fields[flow]'),
  'segments.flowTriggerIds': operation('S', 'flows:read segments:read'),

  'subscriptions.subscribe': operation('L', 'lists:write profiles:write subscriptions:write'),
  'subscriptions.unsubscribe': operation('L', 'lists:write profiles:write subscriptions:write'),
  'subscriptions.suppress': operation('L', 'profiles:write subscriptions:write', jobFields('create')),
  'subscriptions.unsuppress': operation('L', 'subscriptions:write', jobFields('delete')),
  'subscriptions.suppressJobs': operation('L', 'subscriptions:read', `filter sort page[cursor] ${jobFields('create')}`),
  'subscriptions.suppressJob': operation('L', 'subscriptions:read', jobFields('create')),
  'subscriptions.unsuppressJobs': operation(
    'L',
    'subscriptions:read',
    `filter sort page[cursor] ${jobFields('delete')}`,
  ),
  'subscriptions.unsuppressJob': operation('L', 'subscriptions:read', jobFields('delete')),

  'events.list': operation(
    'XL',
    'events:read',
    `filter sort include fields[event] fields[metric] fields[profile] fields[attribution] ${paged}`,
  ),
  'events.get': operation(
    'M',
    'events:read',
    'include fields[event] fields[metric] fields[profile] fields[attribution]',
  ),
  'events.create': operation('XL', 'events:write'),
  'events.metric': operation('XL', 'events:read metrics:read', 'fields[metric]'),
  'events.profile': operation('XL', 'events:read profiles:read', profileFields),
  'metrics.list': operation('M', 'metrics:read', 'filter include fields[metric] fields[flow] page[cursor]'),
  'metrics.get': operation('M', 'metrics:read', 'include fields[metric] fields[flow]'),
  'metrics.properties': operation('XS', 'metrics:read', 'additional-fields[metric-property] fields[metric-property]'),

  'campaigns.list': operation(
    'M',
    'campaigns:read',
    `filter sort include fields[campaign] fields[campaign-message] fields[tag] ${paged}`,
  ),
  'campaigns.get': operation('M', 'campaigns:read', 'include fields[campaign] fields[campaign-message] fields[tag]'),
  'campaigns.messages': operation(
    'M',
    'campaigns:read',
    'include fields[campaign-message] fields[campaign] fields[image] fields[template]',
  ),
  'campaigns.message': operation(
    'M',
    'campaigns:read',
    'include fields[campaign-message] fields[campaign] fields[image] fields[template]',
  ),
  'campaigns.ofMessage': operation('M', 'campaigns:read', 'fields[campaign]'),

  'flows.list': operation(
    'S',
    'flows:read',
    `filter sort include fields[flow] fields[flow-action] fields[tag] ${paged}`,
  ),
  'flows.get': operation(
    'S',
    'flows:read',
    'additional-fields[flow] include fields[flow] fields[flow-action] fields[tag]',
  ),
  'flows.actions': operation('S', 'flows:read', `filter sort fields[flow-action] ${paged}`),
  'flows.action': operation('S', 'flows:read', 'include fields[flow-action] fields[flow] fields[flow-message]'),
  'flows.ofAction': operation('S', 'flows:read', 'fields[flow]'),
  'flows.messages': operation('S', 'flows:read', `filter sort fields[flow-message] ${paged}`),
  'flows.message': operation('S', 'flows:read', 'include fields[flow-message] fields[flow-action] fields[template]'),
  'flows.actionOfMessage': operation('S', 'flows:read', 'fields[flow-action]'),

  'privacy.deletion': operation('S', 'data-privacy:write'),

  'webhooks.list': operation('XS', 'webhooks:read', 'include fields[webhook] fields[webhook-topic]'),
  'webhooks.get': operation('XS', 'webhooks:read', 'include fields[webhook] fields[webhook-topic]'),
  'webhooks.create': operation('XS', 'webhooks:write', 'fields[webhook]'),
  'webhooks.update': operation('XS', 'webhooks:write', 'fields[webhook]'),
  'webhooks.delete': operation('XS', 'webhooks:write'),
  'webhooks.topics': operation('XS', 'webhooks:read', 'fields[webhook-topic]'),
  'webhooks.topic': operation('XS', 'webhooks:read', 'fields[webhook-topic]'),
};

const asks = (query: URLSearchParams, name: string, value: string): boolean =>
  (query.get(name) ?? '').split(',').includes(value);

/** The fixed windows of a call and the name under which it counts: some answers cost more than their operation. */
export function windowsOf(
  name: string,
  query: URLSearchParams,
): { counted: string; windows: { limit: number; windowMs: number }[] } {
  const known = operations[name];
  let tier = known?.tier ?? 'S';
  let counted = name;
  const dear = (to: keyof typeof tiers): void => {
    tier = to;
    counted = `${name} (dear)`;
  };
  if (name === 'profiles.get' && (asks(query, 'include', 'lists') || asks(query, 'include', 'segments'))) dear('XS');
  if (asks(query, 'additional-fields[profile]', 'predictive_analytics')) dear('M');
  if (asks(query, 'additional-fields[list]', 'profile_count')) dear('XS');
  if (asks(query, 'additional-fields[segment]', 'profile_count')) dear('XS');
  const [second, minute]: readonly [number, number] = tiers[tier];
  const windows = [
    { limit: second, windowMs: 1000 },
    { limit: minute, windowMs: 60_000 },
  ];
  if (known?.daily !== undefined) windows.push({ limit: known.daily, windowMs: 86_400_000 });
  return { counted, windows };
}

/** The scopes an operation needs. */
export const scopesOf = (name: string): string[] => operations[name]?.scopes ?? [];

/** A query parameter that the operation does not know, if there is one. */
export function unknownParameter(name: string, query: URLSearchParams): string | null {
  const known = operations[name]?.query ?? [];
  return [...query.keys()].find((key) => !known.includes(key)) ?? null;
}
