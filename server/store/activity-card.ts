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
  select kind, sum(n) as n, sum(left_out) as left_out
  from activity_day where portal_id = $1 and contact_id = any ($2) and day = '-infinity' group by kind`;

const daysSql = `
  select to_char(day, 'YYYY-MM-DD') as day, coalesce(sum(n) filter (where kind = 'received'), 0) as sent,
    coalesce(sum(n) filter (where kind = 'opened'), 0) as opened, coalesce(sum(n) filter (where kind = 'clicked'), 0) as clicked, sum(n) as all
  from activity_day where portal_id = $1 and contact_id = any ($2) and day >= ($3::timestamptz at time zone 'utc')::date
  group by activity_day.day having sum(n) > 0 order by activity_day.day`;

/**
 * Of each contact the latest few from the index, then the latest of those: never all rows of a big company. The message's
 * id is taken out of the facts before the join, which may use the messages' index for a column only.
 */
const latestSql = `
  select a.kind, least(a.at, a.collected_at) as at, a.contact_id as "contactId", coalesce(a.email, a.facts ->> 'recipient') as email, a.facts, a.verdict, a.shown_as as "shownAs", a.because,
    m.campaign_id as "campaignId", m.flow_id as "flowId", m.name as "messageName"
  from unnest($2::text[]) as c (id)
    cross join lateral (
      select v.*, v.facts ->> 'messageId' as message_id from activity v where v.portal_id = $1 and v.contact_id = c.id and v.at >= $4 and (v.counted or v.shown_at is not null)
      order by v.at desc limit $3) a
    left join email_message m on m.klaviyo_account_id = a.klaviyo_account_id and m.message_id = a.message_id
  order by a.at desc, a.id desc limit $3`;

interface DayRow {
  day: string;
  sent: string;
  opened: string;
  clicked: string;
  all: string;
}

/** From which day on the latest so many are for certain; the beginning of time when the days do not hold as many. */
function reachOf(days: readonly DayRow[], latest: number): Date {
  let found = 0;
  for (const { day, all } of [...days].reverse()) {
    found += Number(all);
    if (found >= latest) return new Date(`${day}T00:00:00Z`);
  }
  return new Date(0);
}

/** Totals, days since a moment, and the latest activities of contacts, from our own store. */
export async function activityCard(
  db: Database,
  portalId: string,
  contactIds: readonly string[],
  how: { since: Date; latest: number },
): Promise<{ totals: ActivityTotals; byDay: ActivityDay[]; latest: LatestActivity[] }> {
  const [totals, days] = await Promise.all([
    db.query<{ kind: ActivityKind; n: string; left_out: string }>(totalsSql, [portalId, contactIds]),
    db.query<DayRow>(daysSql, [portalId, contactIds, how.since]),
  ]);
  const reach = reachOf(days, how.latest);
  const latest = await db.query<LatestActivity>(latestSql, [portalId, contactIds, how.latest, reach]);
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
    [latestSql, [portalId, contactIds, 20, since]],
  ] as const) {
    const rows = await db.query<{ 'QUERY PLAN': string }>(`explain (analyze, costs off) ${sql}`, params);
    plans.push(rows.map((row) => row['QUERY PLAN']).join('\n'));
  }
  return plans;
}
