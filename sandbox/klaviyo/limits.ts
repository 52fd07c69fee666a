/** Klaviyo's published limits by operation: [a second, a minute]. https://developers.klaviyo.com/en/docs/rate_limits_and_error_handling */
const tiers = { XS: [1, 15], S: [3, 60], M: [10, 150], L: [75, 750], XL: [350, 3500] } as const;

const operations: Record<string, keyof typeof tiers> = {
  'accounts.list': 'XS',
  'imports.create': 'M',
  'imports.get': 'M',
  'imports.errors': 'M',
  'imports.profiles': 'M',
  'lists.add': 'M',
  'lists.remove': 'M',
  'profiles.merge': 'M',
  'privacy.deletion': 'S',
};

/** The fixed windows of an operation; most are L. */
export function windowsOf(operation: string): { limit: number; windowMs: number }[] {
  const [second, minute] = tiers[operations[operation] ?? 'L'];
  return [
    { limit: second, windowMs: 1000 },
    { limit: minute, windowMs: 60_000 },
  ];
}

/** The scopes an operation needs. */
export function scopesOf(operation: string): string[] {
  const [family = '', action = ''] = operation.split('.');
  if (family === 'accounts') return ['accounts:read'];
  if (family === 'profiles') return [action === 'list' || action === 'get' ? 'profiles:read' : 'profiles:write'];
  if (family === 'imports')
    return action === 'create' ? ['lists:write', 'profiles:write'] : ['lists:read', 'profiles:read'];
  if (family === 'lists')
    return action === 'add' || action === 'remove' ? ['lists:write', 'profiles:write'] : ['lists:read'];
  if (family === 'segments') return ['segments:read'];
  if (family === 'subscriptions') return ['subscriptions:write'];
  return family === 'privacy' ? ['data-privacy:write'] : [];
}
