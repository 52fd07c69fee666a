import { shortId } from './event-store.js';

export interface CampaignMessage {
  id: string;
  label: string;
  subject: string;
  previewText: string;
}

export interface Campaign {
  id: string;
  name: string;
  status: string;
  archived: boolean;
  channel: 'email' | 'sms';
  included: string[];
  excluded: string[];
  createdAt: number;
  scheduledAt: number | null;
  sentAt: number | null;
  updatedAt: number;
  message: CampaignMessage;
  /** What its events carry as `$message`: nobody outside knows which of the two newer campaigns use, so both occur. */
  namedBy: 'campaign' | 'message';
}

export interface FlowAction {
  id: string;
  type: 'send-email' | 'time-delay';
  message: { id: string; name: string; subject: string } | null;
}

export interface Flow {
  id: string;
  name: string;
  status: 'live' | 'draft' | 'manual';
  archived: boolean;
  triggerType: 'Metric' | 'Added to List' | 'Unconfigured';
  trigger: { type: 'list' | 'metric'; id: string } | null;
  created: number;
  updated: number;
  actions: FlowAction[];
}

/** What was sent, as the events of one email tell it. */
export interface Send {
  messageId: string;
  flowId: string | null;
  /** Events call it "Campaign Name", for flows too. */
  name: string;
  subject: string;
  groupIds: string[];
  links: string[];
}

const day = 86_400_000;
const shop = 'https://shop.example.com';

function campaign(
  random: () => number,
  now: number,
  given: Partial<Campaign> & { name: string; subject: string; daysAgo: number; oldStyle?: boolean },
): Campaign {
  const { subject, daysAgo, oldStyle = false, ...rest } = given;
  const at = now - daysAgo * day;
  const ulid = (): string => `01${shortId(random, 24, '0123456789ABCDEFGHJKMNPQRSTVWXYZ')}`;
  return {
    id: oldStyle ? shortId(random, 6, 'ABCDEFGHJKMNPQRSTUVWXYZ') : ulid(),
    status: 'Sent',
    archived: false,
    channel: 'email',
    included: ['NwsLtr'],
    excluded: [],
    createdAt: at - 2 * day,
    scheduledAt: at - day,
    sentAt: at,
    updatedAt: at,
    message: { id: ulid(), label: 'Email', subject, previewText: `${subject}, just for you` },
    namedBy: 'campaign',
    ...rest,
  };
}

/** The campaigns of an account: of the last weeks, of both makes of ids, one archived, one by text message. */
export function makeCampaigns(random: () => number, now: number): Campaign[] {
  const make = (given: Parameters<typeof campaign>[2]): Campaign => campaign(random, now, given);
  return [
    make({ name: 'Autumn reading list', subject: 'Ten books for long evenings', daysAgo: 3 }),
    make({
      name: 'Lesetipps im Herbst 🍂',
      subject: 'Zehn Bücher für lange Abende',
      daysAgo: 9,
      namedBy: 'message',
      included: ['DeSpkr'],
    }),
    make({
      name: 'VIP preview',
      subject: 'You see it first',
      daysAgo: 16,
      included: ['VipLst', 'Engd90'],
      excluded: ['NwsLtr'],
    }),
    make({ name: 'Summer sale', subject: 'Everything must go — 30 % off', daysAgo: 27, oldStyle: true }),
    make({ name: 'Spring letter', subject: 'News from the shop', daysAgo: 120, oldStyle: true, archived: true }),
    make({ name: 'Winter letter', subject: 'Warm words', daysAgo: -6, status: 'Scheduled', sentAt: null }),
    make({ name: 'New year idea', subject: '', daysAgo: 1, status: 'Draft', scheduledAt: null, sentAt: null }),
    make({ name: 'Text: shop opens late', subject: '', daysAgo: 5, channel: 'sms' }),
  ];
}

/** The flows of an account: one by list, one by metric, one archived. */
export function makeFlows(random: () => number, now: number): Flow[] {
  const id = (): string => shortId(random, 6);
  const email = (name: string, subject: string): FlowAction => ({
    id: String(10_000_000 + Math.floor(random() * 80_000_000)),
    type: 'send-email',
    message: { id: id(), name, subject },
  });
  const wait = (): FlowAction => ({
    id: String(10_000_000 + Math.floor(random() * 80_000_000)),
    type: 'time-delay',
    message: null,
  });
  const flow = (name: string, more: Partial<Flow>): Flow => ({
    id: id(),
    name,
    status: 'live',
    archived: false,
    triggerType: 'Unconfigured',
    trigger: null,
    created: now - 400 * day,
    updated: now - 40 * day,
    actions: [],
    ...more,
  });
  return [
    flow('Welcome series', {
      triggerType: 'Added to List',
      trigger: { type: 'list', id: 'NwsLtr' },
      actions: [
        email('Welcome #1', 'Welcome to Lantern Books'),
        wait(),
        email('Welcome #2', 'How we choose our books'),
      ],
    }),
    flow('Abandoned basket', {
      triggerType: 'Metric',
      trigger: { type: 'metric', id: 'ChkOut' },
      actions: [wait(), email('Your basket waits', 'Did you forget something?')],
    }),
    flow('Win back', { status: 'draft', archived: true, actions: [email('We miss you', 'It has been a while')] }),
  ];
}

/** Everything that an account can have sent by email. */
export function sendsOf(campaigns: readonly Campaign[], flows: readonly Flow[]): Send[] {
  const links = (slug: string): string[] => [
    `${shop}/books/${slug}?utm_source=klaviyo`,
    `${shop}/events?utm_campaign=${slug}`,
    `${shop}/`,
  ];
  return [
    ...campaigns
      .filter((one) => one.channel === 'email')
      .map((one) => ({
        messageId: one.namedBy === 'campaign' ? one.id : one.message.id,
        flowId: null,
        name: one.name,
        subject: one.message.subject,
        groupIds: one.included,
        links: links(one.id.slice(-6).toLowerCase()),
      })),
    ...flows.flatMap((one) =>
      one.actions.flatMap(({ message }) =>
        message === null
          ? []
          : [
              {
                messageId: message.id,
                flowId: one.id,
                name: message.name,
                subject: message.subject,
                groupIds: one.trigger?.type === 'list' ? [one.trigger.id] : [],
                links: links(message.id.toLowerCase()),
              },
            ],
      ),
    ),
  ];
}
