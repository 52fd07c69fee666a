import { normalEmail } from '../email.js';
import { normalUrl } from './normal-url.js';
import { shortenText } from '../shorten-text.js';

/** What is used of an event's properties. Klaviyo documents no schema: what is missing or of another type is null. */
export interface EventFacts {
  messageId: string | null;
  flowId: string | null;
  /** Klaviyo's key of one send to one person; joins its receipt, opens and clicks. */
  transmission: string | null;
  /** `$event_id`: stays the same when a merge replays the event under another profile. */
  eventKey: string | null;
  /** Address the email went to, lower case; also after the profile was merged or changed its address. */
  recipient: string | null;
  subject: string | null;
  /** Name of the campaign or, for flows, of the flow's message. */
  name: string | null;
  url: string | null;
  groupIds: string[];
  machineOpen: boolean;
  botClick: boolean;
  /** The program that opened or clicked, in lower case. */
  client: string | null;
  hardBounce: boolean;
  listId: string | null;
  listName: string | null;
}

const longest = 2000;

/** Reads an event's properties. Pure; never throws, whatever stands in them. */
export function factsOf(properties: Record<string, unknown>): EventFacts {
  const text = (name: string): string | null => textOf(properties[name]);
  const internal = properties['$internal'];
  const inner = typeof internal === 'object' && internal !== null ? (internal as Record<string, unknown>) : {};
  const groups = properties['$group_ids'];
  return {
    messageId: text('$message'),
    flowId: text('$flow'),
    transmission: textOf(inner['Transmission ID']),
    eventKey: text('$event_id'),
    recipient: normalEmail(text('Recipient Email Address') ?? text('$originating_email')),
    subject: text('Subject'),
    name: text('Campaign Name'),
    url: text('URL'),
    groupIds: Array.isArray(groups) ? groups.flatMap((id: unknown) => textOf(id) ?? []).slice(0, 100) : [],
    // The label in Klaviyo's segments is "Apple Privacy Open"; events carry `machine_open`.
    machineOpen: isTrue(properties['machine_open']) || isTrue(properties['Apple Privacy Open']),
    botClick: isTrue(properties['Bot Click']),
    client: (text('Client Canonical') ?? text('Client Name'))?.toLowerCase() ?? null,
    hardBounce: /^hard/i.test(text('Bounce Type') ?? ''),
    listId: text('$list'),
    listName: text('List'),
  };
}

/**
 * What joins the events of one email to one person, whatever became of the person's profile since. Never wider than one
 * person: a campaign's id alone would join a million people.
 */
export function messageKeyOf(facts: EventFacts, profileId: string | null): string {
  const person = facts.recipient ?? profileId ?? '';
  return `${facts.transmission ?? facts.messageId ?? ''}:${person}`;
}

/** The spelling in which a click's link is compared, or '' for what has none. */
export const urlKeyOf = (facts: Pick<EventFacts, 'url'>): string => (facts.url === null ? '' : normalUrl(facts.url));

/** Text or number as text that can be kept; null for the rest. */
function textOf(value: unknown): string | null {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value !== 'string') return null;
  const clean = shortenText(value.trim(), longest).trim();
  return clean === '' ? null : clean;
}

/** Flags come as booleans, and as "1.0" or "true" from older exports. */
const isTrue = (value: unknown): boolean =>
  value === true ||
  (typeof value === 'number' && value === 1) ||
  (typeof value === 'string' && /^(true|1(\.0)?)$/i.test(value));
