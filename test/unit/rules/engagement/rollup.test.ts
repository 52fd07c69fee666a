import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { changedValues, rollup, type CountedActivity } from '../../../../server/rules/engagement/rollup.js';

const day = 86_400_000;
const now = Date.parse('2026-11-01T00:00:00Z');
const ago = (days: number): number => now - days * day;

test('E10: last dates, counts of 30 and 90 days, status and score', () => {
  const { values, changesMs } = rollup(
    [
      { kind: 'received', at: ago(5) },
      { kind: 'received', at: ago(50) },
      { kind: 'opened', at: ago(4) },
      { kind: 'opened', at: ago(40) },
      { kind: 'clicked', at: ago(4) },
      { kind: 'clicked', at: ago(200) },
    ],
    'SUBSCRIBED',
    now,
  );
  expect(values).toMatchObject({
    tandem_email_last_sent: new Date(ago(5)).toISOString(),
    tandem_email_last_clicked: new Date(ago(4)).toISOString(),
    tandem_email_last_bounced: '',
    tandem_email_sent_30_days: '1',
    tandem_email_sent_90_days: '2',
    tandem_email_clicked_90_days: '1',
    tandem_email_status: 'SUBSCRIBED',
    tandem_email_engagement_score: String(4 + 1 + 12),
  });
  expect(changesMs).toBe(ago(5) + 30 * day);
});

test('E10: who left, complained or bounced has no score', () => {
  const opened: CountedActivity[] = [{ kind: 'opened', at: ago(3) }];
  const score = (more: CountedActivity[], status: string | null): string =>
    rollup([...opened, ...more], status, now).values.tandem_email_engagement_score;
  expect(score([], 'SUBSCRIBED')).toBe('4');
  expect(score([], 'UNSUBSCRIBED')).toBe('0');
  expect(score([{ kind: 'spam', at: ago(1) }], null)).toBe('0');
  expect(score([{ kind: 'bounced', at: ago(1) }], null)).toBe('0');
  expect(score([{ kind: 'bounced', at: ago(9) }], null)).toBe('4');
});

test('E10: a last date outlives the activity it came from, and one that a verdict took back does not', () => {
  const { values } = rollup([{ kind: 'opened', at: ago(800) }], null, now);
  const later = (at: number, more: CountedActivity[] = []): string =>
    rollup(more, null, now, { written: { tandem_email_last_opened: new Date(at).toISOString() }, sinceMs: ago(730) })
      .values.tandem_email_last_opened;
  expect(later(ago(800))).toBe(values.tandem_email_last_opened);
  expect(later(ago(700))).toBe('');
  expect(later(ago(800), [{ kind: 'opened', at: ago(3) }])).toBe(new Date(ago(3)).toISOString());
});

test('E10: values stay the same until the moment that is named', () => {
  const activity = fc.record({
    kind: fc.constantFrom<CountedActivity['kind']>('received', 'opened', 'clicked', 'bounced'),
    at: fc.integer({ min: -100 * 24, max: 24 }).map((hours) => now + hours * 3_600_000),
  });
  fc.assert(
    fc.property(
      fc.array(activity, { maxLength: 8 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (activities, part) => {
        const { values, changesMs } = rollup(activities, null, now);
        const before = now + Math.floor(((changesMs ?? now + 400 * day) - now - 1) * part);
        expect(rollup(activities, null, before).values).toEqual(values);
      },
    ),
  );
});

test('E10: only what changed is written', () => {
  const { values } = rollup([], 'SUBSCRIBED', now);
  expect(changedValues({}, values)).toEqual({
    tandem_email_sent_30_days: '0',
    tandem_email_sent_90_days: '0',
    tandem_email_opened_30_days: '0',
    tandem_email_opened_90_days: '0',
    tandem_email_clicked_30_days: '0',
    tandem_email_clicked_90_days: '0',
    tandem_email_status: 'SUBSCRIBED',
    tandem_email_engagement_score: '0',
  });
  expect(changedValues(values, values)).toEqual({});
});
