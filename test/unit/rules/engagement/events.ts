import type { ActivityKind } from '../../../../server/rules/engagement/activity-kind.js';
import type { EmailEvent } from '../../../../server/rules/engagement/email-event.js';
import { factsOf, messageKeyOf, urlKeyOf } from '../../../../server/rules/engagement/event-facts.js';
import { defaultEngagement } from '../../../../server/rules/engagement/engagement-config.js';
import type { SelectConfig } from '../../../../server/rules/engagement/select.js';

let serial = 0;

/** One event of the email M to ada@example.com, undecided. */
export function emailEvent(
  kind: ActivityKind,
  at: number,
  more: Partial<EmailEvent> & { properties?: object } = {},
): EmailEvent {
  serial += 1;
  const { properties, ...rest } = more;
  const facts = factsOf({
    $message: 'M',
    Subject: 'Spring sale',
    'Recipient Email Address': 'Ada@Example.com',
    $internal: { 'Transmission ID': 'T1' },
    ...properties,
  });
  const profileId = rest.profileId ?? 'P1';
  return {
    id: `e${serial}`,
    kind,
    at,
    profileId,
    messageKey: messageKeyOf(facts, profileId),
    urlKey: urlKeyOf(facts),
    facts,
    judged: null,
    onTimeline: false,
    ...rest,
  };
}

export const click = (at: number, url: string, more: Parameters<typeof emailEvent>[2] = {}): EmailEvent =>
  emailEvent('clicked', at, { ...more, properties: { URL: url, ...more.properties } });

export const everything: SelectConfig = {
  sources: defaultEngagement.sources,
  activities: { ...defaultEngagement.activities, delivered: true },
  excludeBots: true,
  everyOpen: false,
  startMs: 0,
};

export const anywhere = (): { flowId: null; campaignId: null; groupIds: string[] } => ({
  flowId: null,
  campaignId: null,
  groupIds: [],
});
