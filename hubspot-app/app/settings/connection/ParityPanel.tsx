import {
  Flex,
  Heading,
  Statistics,
  StatisticsItem,
  TableCell,
  TableHeader,
  TableRow,
  Text,
} from '@hubspot/ui-extensions';
import { words } from '../words.js';
import { breakable } from '../shared/breakable.js';
import { LoadedView } from '../shared/LoadedView.js';
import { useNames } from '../shared/names.js';
import { PagedTable } from '../shared/PagedTable.js';
import { usePlatform } from '../shared/platform.js';
import { showValue } from '../shared/show-value.js';
import { useLoad } from '../shared/use-load.js';

const text = words.connection.parity;

/** Two digits after the point, rounded down: what reads 100 % is all of it. */
const shareOf = (part: number, of: number): string =>
  of === 0 ? words.common.none : `${Math.floor((part / of) * 10_000) / 100} %`;

/** Proof of parity (F10): how many values agree, and why each of the others does not. */
export function ParityPanel({ connectionId }: { connectionId: string }) {
  const { api, number, time } = usePlatform();
  const names = useNames();
  // The first check comes in by itself.
  const parity = useLoad(
    `parity ${connectionId}`,
    () => api.parity(connectionId),
    (known) => (known === null || known.comparedValues === 0 ? 5000 : null),
  );
  return (
    <Flex direction="column" gap="medium">
      <Heading>{text.title}</Heading>
      <Text>{text.intro}</Text>
      <LoadedView from={parity}>
        {(known) =>
          // Nothing compared yet is no proof of anything.
          known.comparedValues === 0 && known.differences.length === 0 ? (
            <Text>{text.never}</Text>
          ) : (
            <Flex direction="column" gap="medium">
              <Statistics>
                <StatisticsItem label={text.agreeing} number={shareOf(known.agreeing, known.comparedValues)} />
                <StatisticsItem label={text.pairs} number={number(known.checkedPairs)} />
                <StatisticsItem label={text.lag} number={words.common.duration(known.worstLagSeconds)} />
              </Statistics>
              <Text>{text.of(number(known.agreeing), number(known.comparedValues))}</Text>
              <Text variant="microcopy">
                {known.checkedAt === null || known.checkedPairs === 0
                  ? text.never
                  : text.checked(time(known.checkedAt))}
              </Text>
              <Heading>{text.differences}</Heading>
              {known.differences.length === 0 ? (
                <Text>{text.none}</Text>
              ) : (
                <PagedTable
                  rows={known.differences}
                  density="condensed"
                  head={Object.values(text.columns).map((column) => (
                    <TableHeader key={column}>{column}</TableHeader>
                  ))}
                >
                  {(difference, at) => (
                    <TableRow key={at}>
                      <TableCell>{breakable(difference.contact.email ?? words.common.noEmail)}</TableCell>
                      <TableCell>{names.field('hubspot', difference.field)}</TableCell>
                      <TableCell>{showValue(difference.hubspot)}</TableCell>
                      <TableCell>{showValue(difference.klaviyo)}</TableCell>
                      <TableCell>{difference.message ?? difference.because}</TableCell>
                    </TableRow>
                  )}
                </PagedTable>
              )}
            </Flex>
          )
        }
      </LoadedView>
    </Flex>
  );
}
