import type { SyncContext } from '../contacts/sync-context.js';
import { webhookSecretOwner } from '../engagement/arrange-webhook.js';
import { hubspotSecretOwner } from '../oauth/hubspot-tokens.js';
import { klaviyoSecretOwner } from '../oauth/klaviyo-credentials.js';
import { replaceSecret, sealedSecrets, type SealedSecret } from '../store/operator.js';

const owners: Record<SealedSecret['kind'], (id: string) => string> = {
  portal: hubspotSecretOwner,
  erasure: (id) => `portal:${id}:erasure`,
  klaviyo: klaviyoSecretOwner,
  webhook: webhookSecretOwner,
};
/** Whom a secret is sealed for; it opens for nobody else. */
export const ownerOf = ({ kind, id }: SealedSecret): string => owners[kind](id);

/**
 * Seals every secret with the first key (A4). A secret that changes meanwhile (a token is refreshed) is sealed with the
 * first key by whoever changes it. Throws an Error naming the key id where a key is missing.
 */
export async function rotateKeys(ctx: SyncContext): Promise<{ secrets: number; resealed: number }> {
  const secrets = await sealedSecrets(ctx.db);
  let resealed = 0;
  for (const secret of secrets) {
    if (!ctx.sealer.needsReseal(secret.sealed)) continue;
    const owner = ownerOf(secret);
    const fresh = ctx.sealer.seal(ctx.sealer.open(secret.sealed, owner), owner);
    if (await replaceSecret(ctx.db, secret, fresh)) resealed += 1;
  }
  return { secrets: secrets.length, resealed };
}
