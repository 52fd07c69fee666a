import {
  Flex,
  Heading,
  Statistics,
  StatisticsItem,
  Table,
  TableBody,
  TableCell,
  TableHead,
  TableHeader,
  TableRow,
  Text,
} from '@hubspot/ui-extensions';
import { words } from '../words.js';
import { LoadedView } from '../shared/LoadedView.js';
import { usePlatform } from '../shared/platform.js';
import { showValue } from '../shared/show-value.js';
import { useLoad } from '../shared/use-load.js';

const text = words.connection.parity;

/** Proof of parity (F10): how many values agree, and why each of the others does not. */
export function ParityPanel({ connectionId }: { connectionId: string }) {
  const { api, number, time } = usePlatform();
  const parity = useLoad(`parity ${connectionId}`, () => api.parity(connectionId));
  return (
    <Flex direction="column" gap="medium">
      <Heading>{text.title}</Heading>
      <Text>{text.intro}</Text>
      <LoadedView from={parity}>
        {(known) => (
          <Flex direction="column" gap="medium">
            <Statistics>
              <StatisticsItem
                label={text.agreeing}
                number={text.of(number(known.agreeing), number(known.comparedValues))}
              />
              <StatisticsItem label={text.pairs} number={number(known.checkedPairs)} />
              <StatisticsItem label={text.lag} number={words.common.duration(known.worstLagSeconds)} />
            </Statistics>
            <Text variant="microcopy">
              {known.checkedAt === null || known.checkedPairs === 0 ? text.never : text.checked(time(known.checkedAt))}
            </Text>
            <Heading>{text.differences}</Heading>
            {known.differences.length === 0 ? (
              <Text>{text.none}</Text>
            ) : (
              <Table density="condensed">
                <TableHead>
                  <TableRow>
                    {Object.values(text.columns).map((column) => (
                      <TableHeader key={column}>{column}</TableHeader>
                    ))}
                  </TableRow>
                </TableHead>
                <TableBody>
                  {known.differences.map((difference, at) => (
                    <TableRow key={at}>
                      <TableCell>{difference.contact.email ?? words.common.noEmail}</TableCell>
                      <TableCell>{difference.field}</TableCell>
                      <TableCell>{showValue(difference.hubspot)}</TableCell>
                      <TableCell>{showValue(difference.klaviyo)}</TableCell>
                      <TableCell>{difference.message ?? difference.because}</TableCell>
                    </TableRow>
                  ))}
                </TableBody>
              </Table>
            )}
          </Flex>
        )}
      </LoadedView>
    </Flex>
  );
}
