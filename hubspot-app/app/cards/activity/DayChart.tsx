import { BarChart } from '@hubspot/ui-extensions';
import type { Day } from '../card-types.js';
import { words } from '../words.js';

const text = words.chart;
const kinds = ['sent', 'opened', 'clicked'] as const;

/** Emails received, opened and clicked by day. Draws nothing when there is no day to draw. */
export function DayChart({ days }: { days: Day[] }) {
  // By kind: the legend has them in the order in which they come.
  const data = kinds.flatMap((kind) =>
    days.flatMap((day) =>
      day[kind] === 0 ? [] : [{ [text.day]: day.day, [text.count]: day[kind], [text.kind]: words.totals[kind] }],
    ),
  );
  if (data.length === 0) return null;
  return (
    <BarChart
      data={data}
      axes={{
        x: { field: text.day, fieldType: 'datetime' },
        y: { field: text.count, fieldType: 'linear' },
        options: {
          groupFieldByColor: text.kind,
          stacking: false,
          colors: { [words.totals.sent]: 'aqua', [words.totals.opened]: 'blue', [words.totals.clicked]: 'orange' },
        },
      }}
      options={{ title: text.title, showLegend: true, showTooltips: true }}
    />
  );
}
