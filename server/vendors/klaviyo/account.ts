import { z } from 'zod';
import { NeedsPerson, VendorBug } from '../../errors.js';
import type { KlaviyoSession } from './session.js';

const schema = z.object({
  data: z.array(
    z.object({
      id: z.string(),
      attributes: z.object({ timezone: z.string().nullish(), contact_information: z.object({ organization_name: z.string().nullish() }).loose().nullish() }).loose(),
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
  // The SDK takes a second to load: with the first connect, not with the program.
  const { AccountsApi } = await import('klaviyo-api');
  const api = new AccountsApi(session);
  api.basePath = apiUrl;
  const { response } = await api.getAccounts();
  const account = schema.safeParse(response.data).data?.data[0];
  if (account === undefined) throw new VendorBug('Klaviyo named no account for this key.');
  return { companyId: account.id, name: account.attributes.contact_information?.organization_name ?? account.id, timeZone: account.attributes.timezone ?? null };
}

/** What contact sync needs, each with a read that tells whether it is granted. */
const probes: [string, string][] = [
  ['profiles:read', '/api/profiles?page[size]=1'],
  ['lists:read', '/api/lists?page[size]=1'],
  ['segments:read', '/api/segments?page[size]=1'],
];

/** Scopes that the key lacks, of those that can be told by reading. A missing write scope shows with the first write. */
export async function missingScopes(session: KlaviyoSession): Promise<string[]> {
  const missing = await Promise.all(
    probes.map(async ([scope, path]) => {
      try {
        await session.request({ method: 'GET', path, schema: z.unknown() });
        return [];
      } catch (error) {
        if (error instanceof NeedsPerson && error.code === 'missing_scope') return [scope];
        throw error;
      }
    }),
  );
  return missing.flat();
}
