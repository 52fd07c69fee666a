import { Flex, Statistics, StatisticsItem, Text } from '@hubspot/ui-extensions';
import type { Totals } from '../card-types.js';
import { words } from '../words.js';

const always = ['sent', 'opened', 'clicked'] as const;
/** Shown when they happened. */
const bad = ['bounced', 'unsubscribed', 'spam'] as const;

const shownOf = (totals: Totals) => [...always, ...bad.filter((name) => totals[name] > 0)];

/** How often what happened, and what was left out as done by machines. */
export function TotalNumbers({ totals }: { totals: Totals }) {
  return (
    <Flex direction="column" gap="extra-small">
      <Statistics>
        {shownOf(totals).map((name) => (
          <StatisticsItem key={name} label={words.totals[name]} number={totals[name].toLocaleString('en-US')} />
        ))}
      </Statistics>
      <LeftOut totals={totals} />
    </Flex>
  );
}

/** The same in one line, for where there is no room. */
export function TotalLine({ totals }: { totals: Totals }) {
  const parts = shownOf(totals).map((name) => `${words.totals[name]} ${totals[name].toLocaleString('en-US')}`);
  return (
    <Flex direction="column" gap="flush">
      <Text>{parts.join(' · ')}</Text>
      <LeftOut totals={totals} />
    </Flex>
  );
}

function LeftOut({ totals }: { totals: Totals }) {
  const leftOut = words.leftOut(totals.leftOut);
  return leftOut === null ? null : <Text variant="microcopy">{leftOut}</Text>;
}
