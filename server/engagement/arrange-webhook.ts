import { randomBytes } from 'node:crypto';
import { RecordRefused } from '../errors.js';
import { claimWebhook, keepWebhook, type EngagementAccount } from '../store/engagement-accounts.js';
import { createWebhook, deleteWebhook, readTopics, readWebhooks, updateWebhook } from '../vendors/klaviyo/webhooks.js';
import type { EngagementContext } from './engagement-context.js';

/** Klaviyo's topics of the metrics that are read. */
const wantedTopics: readonly string[] = [
  'event:klaviyo.received_email',
  'event:klaviyo.opened_email',
  'event:klaviyo.clicked_email',
  'event:klaviyo.bounced_email',
  'event:klaviyo.marked_email_as_spam',
  'event:klaviyo.clicked_email_to_unsubscribe',
  'event:klaviyo.unsubscribed_from_email_marketing',
  'event:klaviyo.unsubscribed_from_list',
  'event:klaviyo.updated_email_preferences',
];

const checkEverySeconds = 6 * 3600;

/** Whose secret a webhook's is, for the seal. */
export const webhookSecretOwner = (klaviyoAccountId: string): string => `klaviyo-account:${klaviyoAccountId}:webhook`;

/** Klaviyo takes https addresses only, except stand-ins on this machine. */
const reachable = (publicUrl: string): boolean =>
  publicUrl.startsWith('https:') || /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:|$)/.test(publicUrl);

/**
 * Makes sure that Klaviyo tells us of events where the account allows it: private keys only with the plan for it, apps
 * always. Looked after every six hours: one that was deleted is made again, one that was switched off after failed
 * deliveries is switched on. Events come without it too, with the next reading.
 */
export async function arrangeWebhook(ctx: EngagementContext, account: EngagementAccount): Promise<void> {
  const { klaviyoAccountId } = account;
  if (!reachable(ctx.publicUrl)) return;
  const webhook = await claimWebhook(ctx.db, klaviyoAccountId, checkEverySeconds);
  if (webhook === null) return;
  const session = ctx.klaviyo(klaviyoAccountId, 'sweep');
  const none = { id: null, secret: null, state: 'not_available' } as const;
  try {
    const all = await readWebhooks(session);
    if (all === 'not_available') return await keepWebhook(ctx.db, klaviyoAccountId, none);
    const ours = all.find(({ id }) => id === webhook.id);
    if (ours !== undefined && webhook.secret !== null) {
      if (!ours.enabled) await updateWebhook(session, ours.id, { enabled: true });
      return await keepWebhook(ctx.db, klaviyoAccountId, { id: ours.id, secret: webhook.secret, state: 'on' });
    }
    const offered = await readTopics(session);
    const topics = offered === 'not_available' ? [] : wantedTopics.filter((topic) => offered.includes(topic));
    // A topic comes to be with the metric's first event.
    if (topics.length === 0) return await keepWebhook(ctx.db, klaviyoAccountId, none);
    const secret = randomBytes(32).toString('base64url');
    const made = await createWebhook(session, {
      name: 'Tandem: email activity in HubSpot',
      url: `${ctx.publicUrl}/webhooks/klaviyo/${webhook.key}`,
      secret,
      topics,
    });
    if (made === 'not_available') return await keepWebhook(ctx.db, klaviyoAccountId, none);
    const sealed = ctx.sealer.seal(secret, webhookSecretOwner(klaviyoAccountId));
    return await keepWebhook(ctx.db, klaviyoAccountId, { id: made.id, secret: sealed, state: 'on' });
  } catch (error) {
    // E.g. all ten webhooks of the account are taken: asked again in some hours.
    if (!(error instanceof RecordRefused)) throw error;
    ctx.log.warn({ klaviyoAccountId, status: error.detail.status }, 'Klaviyo refuses the webhook');
    await keepWebhook(ctx.db, klaviyoAccountId, none);
  }
}

/** Takes the webhook away when nobody needs it any more. What fails here, Klaviyo switches off by itself. */
export async function removeWebhook(ctx: EngagementContext, account: EngagementAccount): Promise<void> {
  const { klaviyoAccountId, webhook } = account;
  if (webhook.id === null) return;
  try {
    await deleteWebhook(ctx.klaviyo(klaviyoAccountId, 'person'), webhook.id);
  } catch (error) {
    ctx.log.warn({ err: error, klaviyoAccountId }, 'the webhook could not be taken away');
  }
  await keepWebhook(ctx.db, klaviyoAccountId, { id: null, secret: null, state: 'unknown' });
}
