import type { ActivityKind } from '../rules/engagement/activity-kind.js';
import type { Verdict } from '../rules/engagement/email-event.js';
import type { EventFacts } from '../rules/engagement/event-facts.js';
import type { Database } from './database.js';

export interface ActivityTotals {
  sent: number;
  opened: number;
  clicked: number;
  bounced: number;
  unsubscribed: number;
  spam: number;
  leftOut: { machineOpens: number; botClicks: number };
}

export interface ActivityDay {
  /** YYYY-MM-DD, UTC. */
  day: string;
  sent: number;
  opened: number;
  clicked: number;
}

export interface LatestActivity {
  kind: ActivityKind;
  at: Date;
  contactId: string;
  /** The address it went to, while it is kept. */
  email: string | null;
  facts: EventFacts;
  verdict: Verdict;
  /** The verdict it stands on the timeline with, or null when it does not. */
  shownAs: Verdict | null;
  because: string;
  campaignId: string | null;
  flowId: string | null;
  messageName: string | null;
}

const totalsSql = `
  select kind, count(*) filter (where counted) as n, count(*) filter (where decision = 'left_out') as left_out
  from activity where portal_id = $1 and contact_id = any ($2) group by kind`;

const daysSql = `
  select to_char(at at time zone 'utc', 'YYYY-MM-DD') as day, count(*) filter (where kind = 'received') as sent,
    count(*) filter (where kind = 'opened') as opened, count(*) filter (where kind = 'clicked') as clicked
  from activity where portal_id = $1 and contact_id = any ($2) and counted and at > $3 group by 1 order by 1`;

/** Of each contact the latest few from the index, then the latest of those: never all rows of a big company. */
const latestSql = `
  select a.kind, least(a.at, a.collected_at) as at, a.contact_id as "contactId", coalesce(a.email, a.facts ->> 'recipient') as email, a.facts, a.verdict, a.shown_as as "shownAs", a.because,
    m.campaign_id as "campaignId", m.flow_id as "flowId", m.name as "messageName"
  from unnest($2::text[]) as c (id)
    cross join lateral (
      select * from activity v where v.portal_id = $1 and v.contact_id = c.id and (v.counted or v.shown_at is not null)
      order by v.at desc limit $3) a
    left join email_message m on m.klaviyo_account_id = a.klaviyo_account_id and m.message_id = a.facts ->> 'messageId'
  order by a.at desc, a.id desc limit $3`;

/** Totals, days since a moment, and the latest activities of contacts, from our own store. */
export async function activityCard(
  db: Database,
  portalId: string,
  contactIds: readonly string[],
  how: { since: Date; latest: number },
): Promise<{ totals: ActivityTotals; byDay: ActivityDay[]; latest: LatestActivity[] }> {
  const [totals, days, latest] = await Promise.all([
    db.query<{ kind: ActivityKind; n: string; left_out: string }>(totalsSql, [portalId, contactIds]),
    db.query<{ day: string; sent: string; opened: string; clicked: string }>(daysSql, [
      portalId,
      contactIds,
      how.since,
    ]),
    db.query<LatestActivity>(latestSql, [portalId, contactIds, how.latest]),
  ]);
  const of = (kind: ActivityKind): number => Number(totals.find((row) => row.kind === kind)?.n ?? 0);
  const leftOut = (kind: ActivityKind): number => Number(totals.find((row) => row.kind === kind)?.left_out ?? 0);
  return {
    totals: {
      sent: of('received'),
      opened: of('opened'),
      clicked: of('clicked'),
      bounced: of('bounced'),
      unsubscribed: of('unsubscribed'),
      spam: of('spam'),
      leftOut: { machineOpens: leftOut('opened'), botClicks: leftOut('clicked') },
    },
    byDay: days.map(({ day, sent, opened, clicked }) => ({
      day,
      sent: Number(sent),
      opened: Number(opened),
      clicked: Number(clicked),
    })),
    latest,
  };
}

/** How PostgreSQL answers the three questions of a card; for the test that holds them to their index. */
export async function cardPlans(
  db: Database,
  portalId: string,
  contactIds: readonly string[],
  since: Date,
): Promise<string[]> {
  const plans: string[] = [];
  for (const [sql, params] of [
    [totalsSql, [portalId, contactIds]],
    [daysSql, [portalId, contactIds, since]],
    [latestSql, [portalId, contactIds, 20]],
  ] as const) {
    const rows = await db.query<{ 'QUERY PLAN': string }>(`explain (analyze, costs off) ${sql}`, params);
    plans.push(rows.map((row) => row['QUERY PLAN']).join('\n'));
  }
  return plans;
}
