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

/** Named after the portal: several portals may share an account, and each looks after its own. */
const nameOf = (portalId: string): string => `Tandem: email activity in HubSpot ${portalId}`;

/**
 * Makes sure that Klaviyo tells us of events where the account allows it: private keys only with the plan for it, apps
 * always. Looked after every six hours, and when a metric comes to be: one that was deleted is made again, one that was
 * switched off after failed deliveries is switched on, one that lacks a topic or leads to a former address is put right,
 * one that a process made and did not live to write down is taken away. Events come without it too, with the next reading.
 */
export async function arrangeWebhook(ctx: EngagementContext, account: EngagementAccount): Promise<void> {
  const { klaviyoAccountId } = account;
  if (!reachable(ctx.publicUrl)) return;
  const webhook = await claimWebhook(ctx.db, klaviyoAccountId, checkEverySeconds);
  if (webhook === null) return;
  const session = ctx.klaviyo(klaviyoAccountId, 'sweep');
  const none = { id: null, secret: null, state: 'not_available' } as const;
  try {
    const [all, offered] = [await readWebhooks(session), await readTopics(session)];
    if (all === 'not_available' || offered === 'not_available')
      return await keepWebhook(ctx.db, klaviyoAccountId, none);
    const topics = wantedTopics.filter((topic) => offered.includes(topic));
    const name = nameOf(account.portalId);
    const { origin } = new URL(ctx.publicUrl);
    for (const one of all)
      if (one.id !== webhook.id && one.name === name && one.origin === origin) await deleteWebhook(session, one.id);

    const ours = all.find(({ id }) => id === webhook.id);
    const url = `${ctx.publicUrl}/webhooks/klaviyo/${webhook.key}`;
    if (ours !== undefined && webhook.secret !== null) {
      const change = {
        ...(ours.enabled ? {} : { enabled: true }),
        ...(ours.origin === origin ? {} : { url }),
        ...(topics.every((topic) => ours.topics.includes(topic)) ? {} : { topics }),
      };
      if (Object.keys(change).length > 0) await updateWebhook(session, ours.id, change);
      return await keepWebhook(ctx.db, klaviyoAccountId, { id: ours.id, secret: webhook.secret, state: 'on' });
    }
    // A topic comes to be with the metric's first event.
    if (topics.length === 0) return await keepWebhook(ctx.db, klaviyoAccountId, none);
    const secret = randomBytes(32).toString('base64url');
    const made = await createWebhook(session, { name, url, secret, topics });
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
