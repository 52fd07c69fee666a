import { actsOf, isLeaving } from './acts.js';
import type { EmailEvent, Judged } from './email-event.js';
import { judge } from './judge.js';
import { select, type SelectConfig } from './select.js';
import type { MessageOrigin } from './sources.js';

/**
 * Decides about a group of events that belong together: one email to one person, or a person's unsubscribes. Answers
 * those that were due, and the others whose decision differs from the one before.
 *
 * `due` names the events to decide. Where a verdict changed, its event and every repeat of the group are decided anew,
 * because another event may be the first one now; changed preferences, because an unsubscribe may have come to them; what
 * no source chose, because a receipt may have come that names whom the email went to. All other decisions stand. What is decided at once depends on the set of events alone, in whatever order they stand.
 */
export function selectMessage(
  events: readonly EmailEvent[],
  due: ReadonlySet<string>,
  originOf: (event: EmailEvent) => MessageOrigin,
  configOf: (event: EmailEvent) => SelectConfig,
): Map<string, Judged> {
  const verdicts = judge(events);
  const acts = actsOf(events);
  const changed = events.filter(({ id, judged }) => judged !== null && judged.verdict !== verdicts.get(id));
  const open = events.filter(
    (event) =>
      due.has(event.id) ||
      event.judged === null ||
      event.kind === 'preferences' ||
      event.judged.because === 'source' ||
      changed.includes(event) ||
      (changed.length > 0 && event.judged.decision === 'repeat'),
  );
  const soFar = events.filter((event) => !open.includes(event));
  const decided = new Map<string, Judged>();
  for (const event of [...open].sort(inTurn)) {
    const verdict = verdicts.get(event.id) ?? 'human';
    const act = acts.get(event.id);
    const before = isLeaving(event.kind) ? soFar.filter(({ id }) => act !== undefined && acts.get(id) === act) : soFar;
    const judged = select(before, event, verdict, originOf(event), configOf(event));
    soFar.push({ ...event, judged });
    if (due.has(event.id) || !isSame(event.judged, judged)) decided.set(event.id, judged);
  }
  return decided;
}

/**
 * What is on the timeline comes first, because it stays; then in order of time. Of an act of leaving, the event that
 * knows its email goes before those that only know the list, and these before what only changed a preference.
 */
function inTurn(a: EmailEvent, b: EmailEvent): number {
  const timeline = Number(b.onTimeline) - Number(a.onTimeline);
  if (timeline !== 0) return timeline;
  if (isLeaving(a.kind) && isLeaving(b.kind)) {
    const worth = worthOf(b) - worthOf(a);
    if (worth !== 0) return worth;
  }
  return a.at - b.at || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

function worthOf({ kind, facts }: EmailEvent): number {
  if (kind === 'preferences') return 0;
  return facts.messageId !== null ? 3 : facts.listId !== null ? 2 : 1;
}

const isSame = (before: Judged | null, now: Judged): boolean =>
  before !== null &&
  before.verdict === now.verdict &&
  before.decision === now.decision &&
  before.because === now.because &&
  before.counted === now.counted;
