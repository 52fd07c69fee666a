import { Button, Flex, Select, StatusTag, TableCell, TableRow, Tag, Text, Toggle } from '@hubspot/ui-extensions';
import type { Mapping } from '../api-types.js';
import { words } from '../words.js';
import { clashes, hubspotKey, hubspotType, klaviyoKey, klaviyoType, waysOf, type FieldIndex } from './mapping-rules.js';

const text = words.setup.fields;

export const hubspotLabel = ({ hubspot }: Mapping, index: FieldIndex): string =>
  index.hubspot.get(hubspotKey(hubspot))?.label ?? hubspot.property;
export const klaviyoLabel = ({ klaviyo }: Mapping, index: FieldIndex): string =>
  index.klaviyo.get(klaviyoKey(klaviyo))?.label ?? klaviyo.name;

interface RowProps {
  mapping: Mapping;
  index: FieldIndex;
  only?: Mapping['direction'];
  others: readonly Mapping[];
  open: boolean;
  onOpen(): void;
  onChange(mapping: Mapping): void;
  onRemove(): void;
}

/** One pair of fields as it is read; opened, a second row changes it. */
export function MappingRow(props: RowProps) {
  const { mapping, index, open } = props;
  const oneWay = props.only !== undefined;
  const hubspot = index.hubspot.get(hubspotKey(mapping.hubspot));
  const klaviyo = index.klaviyo.get(klaviyoKey(mapping.klaviyo));
  const { because } = waysOf(hubspot, klaviyo, props.only);
  const key = hubspotKey(mapping.hubspot);
  return (
    <>
      <TableRow>
        <TableCell>
          <Flex gap="extra-small" align="center" wrap>
            <Text truncate={{ maxWidth: 220, tooltipText: hubspotLabel(mapping, index) }}>
              {hubspotLabel(mapping, index)}
            </Text>
            {mapping.hubspot.object === 'company' ? <Tag variant="info">{text.company}</Tag> : null}
            {hubspot === undefined ? (
              <StatusTag variant="danger">{text.gone}</StatusTag>
            ) : (
              <Tag>{hubspotType(hubspot)}</Tag>
            )}
          </Flex>
        </TableCell>
        <TableCell>
          <Text>{text.mappingDirections[mapping.direction]}</Text>
          {because === null ? null : <Text variant="microcopy">{because}</Text>}
          {clashes(mapping, props.others) ? <StatusTag variant="danger">{text.twice}</StatusTag> : null}
        </TableCell>
        <TableCell>
          <Flex gap="extra-small" align="center" wrap>
            <Text truncate={{ maxWidth: 220, tooltipText: klaviyoLabel(mapping, index) }}>
              {klaviyoLabel(mapping, index)}
            </Text>
            {klaviyo === undefined ? null : <Tag>{klaviyoType(klaviyo)}</Tag>}
          </Flex>
        </TableCell>
        {oneWay ? null : (
          <>
            <TableCell>
              <Text>
                {mapping.direction !== 'both'
                  ? words.common.none
                  : mapping.winner === null
                    ? text.sameWinner
                    : text.winners[mapping.winner]}
              </Text>
            </TableCell>
            <TableCell>
              <Text>{mapping.emptyToo ? words.common.yes : words.common.no}</Text>
            </TableCell>
          </>
        )}
        <TableCell>
          <Flex gap="extra-small">
            {oneWay ? null : (
              <Button size="xs" onClick={props.onOpen} testId={`change-${key}`}>
                {open ? text.done : text.change}
              </Button>
            )}
            <Button size="xs" variant="transparent" onClick={props.onRemove} testId={`remove-${key}`}>
              {words.common.remove}
            </Button>
          </Flex>
        </TableCell>
      </TableRow>
      {open ? (
        <TableRow>
          <TableCell colSpan={6}>
            <MappingForm {...props} />
          </TableCell>
        </TableRow>
      ) : null}
    </>
  );
}

/** Direction, winner and emptying of a pair. Directions that cannot be are not offered; the row above says why. */
function MappingForm({ mapping, index, only, onChange }: RowProps) {
  const { directions } = waysOf(
    index.hubspot.get(hubspotKey(mapping.hubspot)),
    index.klaviyo.get(klaviyoKey(mapping.klaviyo)),
    only,
  );
  // What was saved stays visible though it is not possible any more.
  const offered = directions.includes(mapping.direction) ? directions : [mapping.direction, ...directions];
  const key = hubspotKey(mapping.hubspot);
  return (
    <Flex gap="medium" align="end" wrap>
      <Select
        name={`direction-${key}`}
        label={text.columns.direction}
        readOnly={offered.length < 2}
        value={mapping.direction}
        options={offered.map((value) => ({ value, label: text.mappingDirections[value] }))}
        onChange={(value) => {
          const direction = offered.find((one) => one === value);
          if (direction !== undefined) onChange({ ...mapping, direction });
        }}
      />
      {mapping.direction === 'both' ? (
        <Select
          name={`winner-${key}`}
          label={text.columns.winner}
          value={mapping.winner ?? 'same'}
          options={[
            { value: 'same', label: text.sameWinner },
            { value: 'hubspot', label: text.winners.hubspot },
            { value: 'klaviyo', label: text.winners.klaviyo },
          ]}
          onChange={(value) =>
            onChange({ ...mapping, winner: value === 'hubspot' || value === 'klaviyo' ? value : null })
          }
        />
      ) : null}
      <Toggle
        name={`empty-${key}`}
        label={text.columns.emptyToo}
        labelDisplay="inline"
        checked={mapping.emptyToo}
        onChange={(emptyToo) => onChange({ ...mapping, emptyToo })}
      />
    </Flex>
  );
}
