import type { ActivityKind } from './activity-kind.js';

/** What roll-ups look at: activities that count, each once. */
export interface CountedActivity {
  kind: ActivityKind;
  /** Milliseconds. */
  at: number;
}

/** Values of the roll-up properties, as HubSpot takes them; '' empties one. */
export type RollupValues = Record<RollupName, string>;

export type RollupName = (typeof rollupNames)[number];

export const rollupNames = [
  'tandem_email_last_sent',
  'tandem_email_last_opened',
  'tandem_email_last_clicked',
  'tandem_email_last_bounced',
  'tandem_email_sent_30_days',
  'tandem_email_sent_90_days',
  'tandem_email_opened_30_days',
  'tandem_email_opened_90_days',
  'tandem_email_clicked_30_days',
  'tandem_email_clicked_90_days',
  'tandem_email_status',
  'tandem_email_engagement_score',
] as const;

const day = 86_400_000;
/** Points of one activity of the last 30 days, and of the 60 days before. */
const points = { opened: [4, 1], clicked: [12, 4] } as const;
const highest = 100;

/**
 * A contact's roll-ups (E10) and when they change by time alone (an activity grows older than 30 or 90 days), or null
 * when they do not. The score is 4 for each opened and 12 for each clicked email link of the last 30 days, 1 and 4 for
 * those of the 60 days before, 100 at most; 0 for who left, complained, or bounced since they last engaged.
 *
 * `kept` are the values written before and the moment before which activities may be gone: a last date from before it
 * stays, although no activity tells of it any more.
 */
export function rollup(
  activities: readonly CountedActivity[],
  status: string | null,
  nowMs: number,
  kept: { written: Partial<Record<string, string>>; sinceMs: number } = { written: {}, sinceMs: -Infinity },
): { values: RollupValues; changesMs: number | null } {
  const past = activities.filter(({ at }) => at <= nowMs);
  const of = (kind: ActivityKind): number[] => past.filter((one) => one.kind === kind).map(({ at }) => at);
  const last = (kind: ActivityKind, name?: RollupName): number | null => {
    const writtenMs = Date.parse((name === undefined ? undefined : kept.written[name]) ?? '');
    const all = writtenMs < kept.sinceMs ? [...of(kind), writtenMs] : of(kind);
    return all.reduce<number | null>((a, b) => Math.max(a ?? b, b), null);
  };
  const within = (kind: ActivityKind, days: number): number => of(kind).filter((at) => at > nowMs - days * day).length;
  const edges = activities.flatMap(({ at }) => [at, at + 30 * day, at + 90 * day]).filter((moment) => moment > nowMs);
  const lastOpened = last('opened', 'tandem_email_last_opened');
  const lastClicked = last('clicked', 'tandem_email_last_clicked');
  const lastEngaged = Math.max(lastOpened ?? -Infinity, lastClicked ?? -Infinity);
  const lastBounced = last('bounced', 'tandem_email_last_bounced');
  const lost =
    status === 'UNSUBSCRIBED' ||
    status === 'SUPPRESSED' ||
    last('spam') !== null ||
    (lastBounced !== null && lastBounced > lastEngaged);
  const score = lost
    ? 0
    : (['opened', 'clicked'] as const).reduce((sum, kind) => {
        const [fresh, older] = points[kind];
        const recent = within(kind, 30);
        return sum + fresh * recent + older * (within(kind, 90) - recent);
      }, 0);
  const count = (kind: ActivityKind, days: number): string => String(within(kind, days));
  return {
    values: {
      tandem_email_last_sent: moment(last('received', 'tandem_email_last_sent')),
      tandem_email_last_opened: moment(lastOpened),
      tandem_email_last_clicked: moment(lastClicked),
      tandem_email_last_bounced: moment(lastBounced),
      tandem_email_sent_30_days: count('received', 30),
      tandem_email_sent_90_days: count('received', 90),
      tandem_email_opened_30_days: count('opened', 30),
      tandem_email_opened_90_days: count('opened', 90),
      tandem_email_clicked_30_days: count('clicked', 30),
      tandem_email_clicked_90_days: count('clicked', 90),
      tandem_email_status: status ?? '',
      tandem_email_engagement_score: String(Math.min(highest, score)),
    },
    changesMs: edges.length === 0 ? null : Math.min(...edges),
  };
}

const moment = (at: number | null): string => (at === null ? '' : new Date(at).toISOString());

/** The values that differ from those written before. */
export function changedValues(
  before: Partial<Record<string, string>>,
  now: RollupValues,
): Partial<Record<RollupName, string>> {
  return Object.fromEntries(
    // A value that was never written and is empty is there already.
    Object.entries(now).filter(([name, value]) => (before[name] ?? '') !== value),
  );
}
