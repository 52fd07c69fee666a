import { actMs } from '../rules/engagement/acts.js';
import type { ActivityName } from '../rules/engagement/activity-kind.js';
import { shownUrl } from '../rules/engagement/normal-url.js';
import type { DueAppEvent } from '../store/app-events-due.js';
import type { EmailMessage } from '../store/email-messages.js';
import type { AppEvent } from '../vendors/hubspot/app-events.js';
import { campaignUrl } from './campaign-url.js';

/** Event types as `hubspot-app/app/app-events` declares them, one for each object: `email_opened-contact`. */
const typeNames: Record<ActivityName, string> = {
  sent: 'email_sent',
  delivered: 'email_delivered',
  opened: 'email_opened',
  clicked: 'email_clicked',
  bounced: 'email_bounced',
  unsubscribed: 'email_unsubscribed',
  spam: 'email_marked_spam',
};

/**
 * Our id of an activity on a timeline, made of Klaviyo's id of the event: HubSpot takes it once. It names the portal, because
 * two portals may be connected with one Klaviyo account, and HubSpot does not document within what an id has to be one of
 * its kind. It does not name the profile, which a merge replaces. A contact or company gets an activity once whichever record that was at the time; deals may be several. An unsubscribing is named by whose
 * and when it was (acts are further apart than `actMs`): a service that was restored from a backup may choose another of
 * its up to four events than the one that stands on the timeline already (E11).
 */
export function appEventId(identity: Identity): string {
  const { portalId, eventId, object, objectId, name, profileId, happenedMs } = identity;
  const left = name === 'unsubscribed' && profileId !== null;
  const what = left ? `left-${profileId}-${Math.floor(happenedMs / actMs)}` : eventId;
  return `klaviyo-${portalId}-${what}-${object}${object === 'deal' ? `-${objectId}` : ''}`;
}

type Identity = Pick<DueAppEvent, 'portalId' | 'eventId' | 'object' | 'objectId' | 'name' | 'profileId' | 'happenedMs'>;

/** The address as a link of the timeline's Markdown may name it; null when it leads to no page (`javascript:`, `mailto:`). */
function webLink(address: string | null): string | null {
  const shown = address === null ? '' : shownUrl(address);
  const url = URL.canParse(shown) ? new URL(shown) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) return null;
  return url.href.replace(/[()[\]*]/g, (bracket) => `%${bracket.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** What goes on a timeline. Every property is declared; those that say nothing are left out. */
export function appEventOf(due: DueAppEvent, message: EmailMessage | undefined, klaviyoAppUrl: string): AppEvent {
  const { facts, name, object, objectId, verdict } = due;
  const origin = message ?? { flowId: facts.flowId, campaignId: null };
  const flowId = facts.flowId ?? origin.flowId;
  const properties: Record<string, string | null> = {
    message: message?.name ?? facts.name ?? facts.listName ?? 'an email',
    subject: facts.subject ?? message?.subject ?? null,
    link: name === 'clicked' ? webLink(facts.url) : null,
    campaign_url: campaignUrl(klaviyoAppUrl, { ...origin, flowId }),
    bounce_type: name === 'bounced' ? (facts.hardBounce ? 'hard' : 'soft') : null,
    list: name === 'unsubscribed' ? facts.listName : null,
    email: due.email,
    bot: verdict === 'human' ? null : 'true',
  };
  return {
    id: appEventId(due),
    type: `${typeNames[name]}-${object}`,
    objectId,
    at: new Date(due.atMs),
    properties: Object.fromEntries(
      Object.entries(properties).flatMap(([key, value]): [string, string][] => (value === null ? [] : [[key, value]])),
    ),
  };
}
