/** A stretch of the past that is read once more, and where its reading stands. Milliseconds. */
export interface ReadAgain {
  span: 'day' | 'week';
  sinceMs: number;
  untilMs: number;
}

const hourMs = 3_600_000;

/** How often a stretch is read again, and how late an event may be listed to be found by it. */
export const spans = { day: 24 * hourMs, week: 7 * 24 * hourMs } as const;

/**
 * What is to be read again now, or null: every day what may have come in up to a day late, every week what came up to a
 * week late. Each reading begins its span before the end of the reading before it: an event that was not listed yet when
 * that one passed by is still in reach of the next. The last seven days alone would lose most of what is six days late,
 * because it is older than that by the time somebody looks.
 *
 * `dayMs` and `weekMs`: up to when the last readings of either kind went. `untilMs`: up to when events may be asked for.
 */
export function againDue(last: { dayMs: number; weekMs: number }, nowMs: number, untilMs: number): ReadAgain | null {
  if (nowMs - last.weekMs >= spans.week) return { span: 'week', sinceMs: last.weekMs - spans.week, untilMs };
  if (nowMs - last.dayMs >= spans.day) return { span: 'day', sinceMs: last.dayMs - spans.day, untilMs };
  return null;
}
