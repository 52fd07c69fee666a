import { Flex, Statistics, StatisticsItem, Text } from '@hubspot/ui-extensions';
import type { Totals } from '../card-types.js';
import { words } from '../words.js';

const always = ['sent', 'opened', 'clicked'] as const;
/** Shown when they happened. */
const bad = ['bounced', 'unsubscribed', 'spam'] as const;

/** How often what happened, and what was left out as done by machines. */
export function TotalNumbers({ totals, short = false }: { totals: Totals; short?: boolean }) {
  const leftOut = words.leftOut(totals.leftOut);
  const names = short ? always : [...always, ...bad.filter((name) => totals[name] > 0)];
  return (
    <Flex direction="column" gap="extra-small">
      <Statistics>
        {names.map((name) => (
          <StatisticsItem key={name} label={words.totals[name]} number={totals[name].toLocaleString('en-US')} />
        ))}
      </Statistics>
      {leftOut === null ? null : <Text variant="microcopy">{leftOut}</Text>}
    </Flex>
  );
}
