import { z } from 'zod';
import { NeedsPerson, RecordRefused, VendorBug } from '../../errors.js';
import { scopesNamed } from './errors.js';
import type { KlaviyoRequest, KlaviyoSession } from './session.js';

const schema = z.object({
  data: z.array(
    z.object({
      id: z.string(),
      attributes: z
        .object({
          timezone: z.string().nullish(),
          contact_information: z.object({ organization_name: z.string().nullish() }).loose().nullish(),
        })
        .loose(),
    }),
  ),
});

export interface KlaviyoAccountDetails {
  companyId: string;
  name: string;
  timeZone: string | null;
}

/** Which company a key or token belongs to. */
export async function readAccount(session: KlaviyoSession, apiUrl: string): Promise<KlaviyoAccountDetails> {
  const { AccountsApi } = await import('./sdk.js');
  const api = new AccountsApi(session);
  api.basePath = apiUrl;
  const { response } = await api.getAccounts();
  const account = schema.safeParse(response.data).data?.data[0];
  if (account === undefined) throw new VendorBug('Klaviyo named no account for this key.');
  const { contact_information: contact, timezone } = account.attributes;
  return { companyId: account.id, name: contact?.organization_name || account.id, timeZone: timezone ?? null };
}

type Probe = Omit<KlaviyoRequest<unknown>, 'schema'>;

/** An import of nobody: changes nothing whether Klaviyo takes or refuses it, and it looks at the scopes first. */
const emptyImport: Probe = {
  method: 'POST',
  path: '/api/profile-bulk-import-jobs',
  body: { data: { type: 'profile-bulk-import-job', attributes: { profiles: { data: [] } } } },
};

/**
 * What contact sync needs, each with a call that tells whether it is granted. Consent is not touched to find out whether
 * it may be: a missing subscriptions:write shows with the first write.
 */
const probes: [scopes: string[], probe: Probe][] = [
  [['profiles:read'], { method: 'GET', path: '/api/profiles', query: { 'page[size]': 1 } }],
  [['lists:read'], { method: 'GET', path: '/api/lists', query: { 'page[size]': 1 } }],
  [['segments:read'], { method: 'GET', path: '/api/segments', query: { 'page[size]': 1 } }],
  [['profiles:write', 'lists:write'], emptyImport],
];

/** Scopes that the key lacks, of those a sync cannot do without (A2). */
export async function missingScopes(session: KlaviyoSession): Promise<string[]> {
  const missing = await Promise.all(probes.map(([scopes, probe]) => lacking(session, scopes, probe)));
  return [...new Set(missing.flat())].sort();
}

async function lacking(session: KlaviyoSession, scopes: readonly string[], probe: Probe): Promise<readonly string[]> {
  try {
    await session.request({ ...probe, schema: z.unknown() });
    return [];
  } catch (error) {
    if (error instanceof NeedsPerson && error.code === 'missing_scope') {
      const named = scopesNamed(error.message);
      return named.length === 0 ? scopes : named;
    }
    // Refused for being empty, so the scope was there.
    if (error instanceof RecordRefused && probe.method === 'POST') return [];
    throw error;
  }
}
