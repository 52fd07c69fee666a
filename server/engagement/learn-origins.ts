import { NeedsPerson, RecordRefused } from '../errors.js';
import type { EmailEvent } from '../rules/engagement/email-event.js';
import type { MessageOrigin } from '../rules/engagement/sources.js';
import type { Activity } from '../store/activities.js';
import { keepMessages, knownMessages, type EmailMessage } from '../store/email-messages.js';
import { readCampaignMessages, readFlowMessage } from '../vendors/klaviyo/messages.js';
import type { EngagementContext, EngagementScope } from './engagement-context.js';

/** Where emails came from. */
export interface Origins {
  /** One object for all events of one origin: what follows from it can be remembered by it. */
  of(event: EmailEvent): MessageOrigin;
}

/** A message is asked for again after this long: campaigns are renamed, flows get other triggers. */
const freshMs = 86_400_000;

/**
 * Learns of which campaign or flow the emails of a batch are and whom those target. A receipt names the lists and
 * segments of its send; opens and clicks are joined with it by their email. Where a permission is missing or a message
 * is gone, the events' own words have to do.
 */
export async function learnOrigins(
  ctx: EngagementContext,
  scope: EngagementScope,
  events: readonly Activity[],
): Promise<Origins> {
  const messages = await messagesOf(ctx, scope, events);
  const targeted = new Map<string, string[]>();
  for (const { kind, messageKey, facts } of events)
    if (kind === 'received' && facts.groupIds.length > 0) targeted.set(messageKey, facts.groupIds);
  const origins = new Map<string, MessageOrigin>();
  const found = new Map<EmailEvent, MessageOrigin>();
  const find = ({ messageKey, facts }: EmailEvent): MessageOrigin => {
    const message = messages.get(facts.messageId ?? '');
    const flowId = facts.flowId ?? message?.flowId ?? null;
    const own = facts.groupIds.length > 0 ? facts.groupIds : (targeted.get(messageKey) ?? []);
    // A flow's receipt names no list: its trigger does.
    const groups = own.length > 0 && flowId === null ? own : [...own, ...(message?.groupIds ?? [])];
    const campaignId = flowId === null ? (message?.campaignId ?? facts.messageId) : null;
    const groupIds = facts.listId === null ? groups : [...groups, facts.listId];
    const key = `${flowId ?? ''} ${campaignId ?? ''} ${groupIds.join(' ')}`;
    const origin = origins.get(key) ?? { flowId, campaignId, groupIds };
    origins.set(key, origin);
    return origin;
  };
  return {
    of(event) {
      const origin = found.get(event) ?? find(event);
      found.set(event, origin);
      return origin;
    },
  };
}

/** Messages that are known and may have changed, asked for once more with one batch: each flow's costs three calls. */
const refreshedAtOnce = 5;

async function messagesOf(
  ctx: EngagementContext,
  scope: EngagementScope,
  events: readonly Activity[],
): Promise<Map<string, EmailMessage>> {
  const flowOf = new Map<string, string | null>();
  for (const { facts } of events)
    // An event tells its flow, and the message's name and subject; what starts the flow is asked of who chooses by it.
    if (facts.messageId !== null && (facts.flowId === null || choosesGroups(scope)))
      flowOf.set(facts.messageId, facts.flowId);
  const known = await knownMessages(ctx.db, scope.klaviyoAccountId, [...flowOf.keys()]);
  const nowMs = ctx.clock().getTime();
  const old = [...known.values()].filter(({ readAt }) => nowMs - readAt.getTime() > freshMs).slice(0, refreshedAtOnce);
  const unknown = [...flowOf].filter(([id]) => !known.has(id) || old.some(({ messageId }) => messageId === id));
  if (unknown.length === 0) return known;
  const learned = new Map<string, EmailMessage>();
  // Kept as it comes: should Klaviyo ask to wait after some of many, they are not asked for again.
  const keep = async (messages: readonly EmailMessage[]): Promise<void> => {
    for (const message of messages) learned.set(message.messageId, message);
    await keepMessages(ctx.db, scope.portalId, scope.klaviyoAccountId, messages);
  };
  const session = ctx.klaviyo(scope.klaviyoAccountId, 'sweep');
  try {
    if (unknown.some(([, flowId]) => flowId === null)) {
      const campaigns = await readCampaignMessages(session);
      await keep(
        campaigns.flatMap(({ messageId, campaignId, name, subject, included }) => {
          const entry = { campaignId, flowId: null, name, subject, groupIds: included };
          // What an event calls its message is the campaign's id in some accounts and the message's in others.
          return [campaignId, messageId].map((id) => ({ ...entry, messageId: id }));
        }),
      );
    }
    for (const [messageId, flowId] of unknown) {
      if (flowId === null) continue;
      const message = await readFlowMessage(session, messageId).catch((error: unknown) => {
        if (error instanceof RecordRefused && error.detail.status === 404) return null;
        throw error;
      });
      if (message === null) continue;
      const { name, subject, triggerGroupIds } = message;
      await keep([{ messageId, campaignId: null, flowId, name, subject, groupIds: triggerGroupIds }]);
    }
  } catch (error) {
    if (!(error instanceof NeedsPerson) || error.code !== 'missing_scope') throw error;
    ctx.log.info(
      { klaviyoAccountId: scope.klaviyoAccountId },
      'campaigns or flows cannot be read: a permission is missing',
    );
  }
  // What nobody knows is noted too, so that it is not asked for with every batch; what is gone stays as it was known.
  await keep(
    unknown.flatMap(([messageId, flowId]) =>
      learned.has(messageId)
        ? []
        : [known.get(messageId) ?? { messageId, campaignId: null, flowId, name: null, subject: null, groupIds: [] }],
    ),
  );
  return new Map([...known, ...learned]);
}

const choosesGroups = ({ connections }: EngagementScope): boolean =>
  connections.some(
    ({ sources }) => !sources.all && sources.klaviyoListIds.length + sources.klaviyoSegmentIds.length > 0,
  );
