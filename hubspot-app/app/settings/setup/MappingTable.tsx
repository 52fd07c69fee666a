import { useState, type ReactNode } from 'react';
import {
  Flex,
  SearchInput,
  Table,
  TableBody,
  TableCell,
  TableHead,
  TableHeader,
  TableRow,
  Tag,
  Text,
} from '@hubspot/ui-extensions';
import type { Mapping } from '../api-types.js';
import { words } from '../words.js';
import { mappingKey, type FieldIndex } from './mapping-rules.js';
import { hubspotLabel, klaviyoLabel, MappingRow } from './MappingRow.js';

const text = words.setup.fields;
const rowsPerPage = 20;

/** The mapped fields: searched, a page at a time; the email first, fixed. */
export function MappingTable(props: {
  mappings: Mapping[];
  index: FieldIndex;
  /** The one direction there is, where there is only one. */
  only?: Mapping['direction'];
  onChange(mappings: Mapping[]): void;
  /** Buttons beside the search. */
  children?: ReactNode;
}) {
  const { mappings, index } = props;
  /** With one direction there is nothing to win and nothing to empty. */
  const oneWay = props.only !== undefined;
  const [search, setSearch] = useState('');
  const [page, setPage] = useState(1);
  const [open, setOpen] = useState<string | null>(null);
  const wanted = search.trim().toLowerCase();
  const found = mappings
    .map((mapping, at) => ({ mapping, at }))
    .filter(({ mapping }) =>
      [hubspotLabel(mapping, index), mapping.hubspot.property, klaviyoLabel(mapping, index), mapping.klaviyo.name].some(
        (label) => label.toLowerCase().includes(wanted),
      ),
    );
  const pageCount = Math.max(1, Math.ceil(found.length / rowsPerPage));
  const shownPage = Math.min(page, pageCount);
  const rows = found.slice((shownPage - 1) * rowsPerPage, shownPage * rowsPerPage);
  const body = (
    <>
      <TableHead>
        <TableRow>
          <TableHeader>{text.columns.hubspot}</TableHeader>
          <TableHeader>{text.columns.direction}</TableHeader>
          <TableHeader>{text.columns.klaviyo}</TableHeader>
          {oneWay ? null : (
            <>
              <TableHeader>{text.columns.winner}</TableHeader>
              <TableHeader>{text.columns.emptyToo}</TableHeader>
            </>
          )}
          <TableHeader>{text.columns.remove}</TableHeader>
        </TableRow>
      </TableHead>
      <TableBody>
        <TableRow>
          <TableCell>
            <Flex gap="extra-small" align="center">
              <Text format={{ fontWeight: 'demibold' }}>{text.email}</Text>
              <Tag>{text.types['string'] ?? ''}</Tag>
            </Flex>
          </TableCell>
          <TableCell>{text.mappingDirections[props.only ?? 'both']}</TableCell>
          <TableCell>{text.email}</TableCell>
          <TableCell colSpan={oneWay ? 1 : 3}>
            <Text variant="microcopy">{oneWay ? text.emailSet : text.emailWhy}</Text>
          </TableCell>
        </TableRow>
        {rows.map(({ mapping, at }) => (
          <MappingRow
            key={mappingKey(mapping)}
            mapping={mapping}
            index={index}
            {...(props.only === undefined ? {} : { only: props.only })}
            open={open === mappingKey(mapping)}
            onOpen={() => setOpen(open === mappingKey(mapping) ? null : mappingKey(mapping))}
            others={mappings.filter((_, other) => other !== at)}
            onChange={(changed) => props.onChange(mappings.map((one, other) => (other === at ? changed : one)))}
            onRemove={() => props.onChange(mappings.filter((_, other) => other !== at))}
          />
        ))}
      </TableBody>
    </>
  );
  return (
    <Flex direction="column" gap="small">
      <Flex justify="between" align="end" wrap gap="small">
        <SearchInput
          name="mapping-search"
          label={text.search}
          value={search}
          onInput={setSearch}
          onChange={setSearch}
        />
        <Flex gap="small">{props.children}</Flex>
      </Flex>
      <Text variant="microcopy">
        {search.trim() === '' ? text.mapped(mappings.length) : text.found(found.length, mappings.length)}
      </Text>
      {pageCount === 1 ? (
        <Table density="condensed">{body}</Table>
      ) : (
        <Table density="condensed" paginated pageCount={pageCount} page={shownPage} onPageChange={setPage}>
          {body}
        </Table>
      )}
      {found.length > 0 ? null : <Text>{mappings.length === 0 ? text.noneMapped : text.none}</Text>}
      {oneWay ? null : <Text variant="microcopy">{text.emptyTooHelp}</Text>}
    </Flex>
  );
}
