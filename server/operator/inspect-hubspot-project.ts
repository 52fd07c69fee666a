import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { errorCode } from '../error-code.js';
import { hubspotOptionalScopes, hubspotScopes } from '../oauth/scopes.js';
import type { Finding } from './doctor.js';

const app = z.object({
  config: z.object({
    auth: z.object({ requiredScopes: z.array(z.string()), optionalScopes: z.array(z.string()) }),
  }),
});
const profile = z.object({ variables: z.object({ SERVICE_URL: z.string() }) });
const what = 'HubSpot project';

/**
 * Whether the project that is uploaded to HubSpot and this installation speak of the same app: the same scopes (HubSpot
 * refuses an install otherwise) and a profile with this installation's public address.
 */
export async function inspectHubspotProject(folder: string, publicUrl: string): Promise<Finding> {
  const read = async (path: string): Promise<unknown> => JSON.parse(await readFile(join(folder, path), 'utf8'));
  let meta: z.infer<typeof app>;
  try {
    meta = app.parse(await read('app/app-hsmeta.json'));
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
    return { what, state: 'well', detail: 'its files are not here: nothing to compare with', fix: '' };
  }
  const { requiredScopes, optionalScopes } = meta.config.auth;
  const asked = [...hubspotScopes, ...hubspotOptionalScopes].sort().join(' ');
  if ([...requiredScopes, ...optionalScopes].sort().join(' ') !== asked)
    return {
      what,
      state: 'broken',
      detail: 'its scopes are not those that this version asks for: HubSpot refuses installs',
      fix: 'Upload the project of this version (docs/hubspot-project.md).',
    };
  const names = (await readdir(folder)).filter(
    (name) => /^hsprofile\..+\.json$/.test(name) && name !== 'hsprofile.example.json',
  );
  const addresses = await Promise.all(
    names.map(async (name) => profile.parse(await read(name)).variables.SERVICE_URL.replace(/\/$/, '')),
  );
  if (addresses.includes(publicUrl))
    return { what, state: 'well', detail: `a profile leads to ${publicUrl}, scopes are the same`, fix: '' };
  return {
    what,
    state: 'attention',
    detail: `no profile leads to ${publicUrl}${names.length === 0 ? ': there is none yet' : ''}`,
    fix: 'Copy hubspot-app/hsprofile.example.json and set SERVICE_URL to PUBLIC_URL (docs/hubspot-project.md).',
  };
}
