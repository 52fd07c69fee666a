import {
  Flex,
  Heading,
  Table,
  TableBody,
  TableCell,
  TableHead,
  TableHeader,
  TableRow,
  Text,
} from '@hubspot/ui-extensions';
import type { Explanation } from '../api-types.js';
import { words } from '../words.js';
import { useNames } from '../shared/names.js';
import { showValue } from '../shared/show-value.js';
import { spoken } from './spoken.js';

const text = words.why;

/** Field by field: both values as read now, what both sides agreed on last, and what comes of it. */
export function FieldSteps({ steps }: { steps: Explanation['steps'] }) {
  const names = useNames();
  if (steps.length === 0) return null;
  return (
    <Flex direction="column" gap="small">
      <Heading>{text.fields}</Heading>
      <Table density="condensed">
        <TableHead>
          <TableRow>
            {Object.values(text.fieldColumns).map((column) => (
              <TableHeader key={column}>{column}</TableHeader>
            ))}
          </TableRow>
        </TableHead>
        <TableBody>
          {steps.map(({ decision, because, detail }, at) => (
            <TableRow key={at}>
              <TableCell>
                <Text>
                  {`${names.field('hubspot', String(detail['hubspotField']))} · ${names.field('klaviyo', String(detail['klaviyoField']))}`}
                </Text>
              </TableCell>
              <TableCell>{showValue(detail['hubspot'])}</TableCell>
              <TableCell>{showValue(detail['klaviyo'])}</TableCell>
              <TableCell>{showValue(detail['base'])}</TableCell>
              <TableCell>
                <Text>{spoken(decision)}</Text>
                <Text variant="microcopy">{because}</Text>
              </TableCell>
            </TableRow>
          ))}
        </TableBody>
      </Table>
    </Flex>
  );
}
