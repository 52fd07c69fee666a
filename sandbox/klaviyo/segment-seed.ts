import type { EventStore } from './event-store.js';
import type { Profile, Segment } from './records.js';
import { Timeline } from './timeline.js';

const day = 86_400_000;

/** The segments of an account. They are live: who fits is in, a little later. */
export function makeSegments(now: number, events: EventStore): Segment[] {
  const opened = events.metric('Opened Email');
  const clicked = events.metric('Clicked Email');
  const engaged = (metricId: string): Record<string, unknown> => ({
    type: 'profile-metric',
    metric_id: metricId,
    measurement: 'count',
    measurement_filter: { type: 'numeric', operator: 'greater-than', value: 0 },
    timeframe_filter: { type: 'date', operator: 'in-the-last', unit: 'day', quantity: 90 },
    metric_filters: null,
  });
  const recently = (profile: Profile, metricId: string): boolean => {
    const order = events.order(null, profile.id);
    const from = Date.now() - 90 * day;
    return order.page({ from, size: 1, keep: (id) => events.get(id)?.metricId === metricId }).ids.length > 0;
  };
  const segment = (id: string, name: string, conditions: unknown[], matches: Segment['matches']): Segment => ({
    id,
    name,
    created: now - 300 * day,
    updated: now - 30 * day,
    active: true,
    starred: id === 'Engd90',
    definition: { condition_groups: [{ conditions }] },
    matches,
    members: new Timeline(),
  });
  return [
    segment(
      'Engd90',
      'Engaged 90 days',
      [engaged(opened.id), engaged(clicked.id)],
      (profile) => profile.consent === 'SUBSCRIBED' && (recently(profile, opened.id) || recently(profile, clicked.id)),
    ),
    segment(
      'DeSpkr',
      'German speakers',
      [
        {
          type: 'profile-property',
          property: 'location.country',
          filter: { type: 'string', operator: 'equals', value: 'Germany' },
        },
      ],
      (profile) => profile.location['country'] === 'Germany',
    ),
  ];
}
