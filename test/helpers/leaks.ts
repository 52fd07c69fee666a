import type { World } from './service.js';

/** What must never be printed, whatever a test does: secrets of the stand-ins and of the service, and anybody's address. */
export const secretsOf = ({ hubspot, klaviyo }: Pick<World, 'hubspot' | 'klaviyo'>): (readonly [string, RegExp])[] => [
  ['a token of HubSpot', /access-\d+-[0-9a-f]{8}|refresh-[0-9a-f]{8}/],
  ['a token of Klaviyo', /\bk[ar]-[0-9a-f]{8}/],
  ['a key', /pk_\w{6}/],
  ['an app’s secret', new RegExp(`${hubspot.clientSecret}|${klaviyo.clientSecret}`)],
  ['the key of all secrets', new RegExp(Buffer.alloc(32, 7).toString('base64').slice(0, 20))],
  ['the database’s password', /postgres(ql)?:\/\/[^:\s"]+:(?!\[redacted\])[^@\s"]+@/],
  ['an address', /[\w.+-]+(@|%40)[\w-]+(\.[\w-]+)*\.[a-z]{2,}/i],
];

/** The lines that hold what must not be printed. */
export function leaksIn(text: string, secrets: readonly (readonly [string, RegExp])[]): string[] {
  return text
    .split('\n')
    .flatMap((line) => secrets.flatMap(([what, look]) => (look.test(line) ? [`${what}: ${line}`] : [])));
}
