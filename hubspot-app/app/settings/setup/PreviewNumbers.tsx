import {
  Alert,
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
import type { Counted, Preview } from '../api-types.js';
import { words } from '../words.js';
import { usePlatform } from '../shared/platform.js';

const text = words.preview;

/** Counts, cost, and who is skipped why. */
export function PreviewNumbers({ preview }: { preview: Preview }) {
  const { number } = usePlatform();
  const { counts, cost } = preview;
  const first: [string, number][] = [
    [text.numbers.createKlaviyo, counts.create.klaviyo],
    [text.numbers.createHubspot, counts.create.hubspot],
    [text.numbers.updateKlaviyo, counts.update.klaviyo],
    [text.numbers.updateHubspot, counts.update.hubspot],
    [text.numbers.link, counts.link],
  ];
  const second: [string, number][] = [
    [text.numbers.subscribe, counts.subscribe],
    [text.numbers.conflict, counts.conflict],
    [text.numbers.issue, counts.issue],
    [text.numbers.skip, counts.skip],
    [text.numbers.unchanged, counts.unchanged],
  ];
  const free = cost.newKlaviyoProfiles + cost.newHubspotContacts === 0;
  return (
    <Flex direction="column" gap="medium">
      {[first, second].map((row, at) => (
        <Statistics key={at}>
          {row.map(([label, value]) => (
            <StatisticsItem key={label} label={label} number={number(value)} />
          ))}
        </Statistics>
      ))}
      <Alert
        title={free ? text.noCost : text.cost(number(cost.newKlaviyoProfiles), number(cost.newHubspotContacts))}
        variant="info"
      />
      <Text variant="microcopy">{text.examined(number(preview.examined))}</Text>
      <SkippedTable skipped={preview.skipped} />
    </Flex>
  );
}

/** Reasons of skipping with their counts; nothing when nobody is skipped. */
export function SkippedTable({ skipped }: { skipped: readonly Counted[] }) {
  const { number } = usePlatform();
  if (skipped.length === 0) return null;
  return (
    <Flex direction="column" gap="small">
      <Heading>{text.skippedTitle}</Heading>
      <Table density="condensed">
        <TableHead>
          <TableRow>
            <TableHeader width="min" align="right">
              {text.columns.people}
            </TableHeader>
            <TableHeader>{text.columns.reason}</TableHeader>
          </TableRow>
        </TableHead>
        <TableBody>
          {skipped.map(({ reason, count, message }) => (
            <TableRow key={reason}>
              <TableCell align="right">{number(count)}</TableCell>
              <TableCell>{message}</TableCell>
            </TableRow>
          ))}
        </TableBody>
      </Table>
    </Flex>
  );
}
