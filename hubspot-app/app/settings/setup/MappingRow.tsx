import { Button, Flex, Select, StatusTag, TableCell, TableRow, Tag, Text, Toggle } from '@hubspot/ui-extensions';
import type { Mapping } from '../api-types.js';
import { words } from '../words.js';
import { clashes, hubspotKey, klaviyoKey, typeName, waysOf, type FieldIndex } from './mapping-rules.js';

const text = words.setup.fields;

export const hubspotLabel = ({ hubspot }: Mapping, index: FieldIndex): string =>
  index.hubspot.get(hubspotKey(hubspot))?.label ?? hubspot.property;
export const klaviyoLabel = ({ klaviyo }: Mapping, index: FieldIndex): string =>
  index.klaviyo.get(klaviyoKey(klaviyo))?.label ?? klaviyo.name;

/** One pair of fields. Directions that cannot be are not offered, and the row says why. */
export function MappingRow(props: {
  mapping: Mapping;
  index: FieldIndex;
  others: readonly Mapping[];
  onChange(mapping: Mapping): void;
  onRemove(): void;
}) {
  const { mapping, index, onChange } = props;
  const hubspot = index.hubspot.get(hubspotKey(mapping.hubspot));
  const klaviyo = index.klaviyo.get(klaviyoKey(mapping.klaviyo));
  const { directions, because } = waysOf(hubspot, klaviyo);
  // What was saved stays visible though it is not possible any more.
  const offered = directions.includes(mapping.direction) ? directions : [mapping.direction, ...directions];
  const label = hubspotLabel(mapping, index);
  return (
    <TableRow>
      <TableCell>
        <Flex gap="extra-small" align="center" wrap>
          <Text truncate={{ maxWidth: 220, tooltipText: label }}>{label}</Text>
          {mapping.hubspot.object === 'company' ? <Tag variant="info">{text.company}</Tag> : null}
          {hubspot === undefined ? (
            <StatusTag variant="danger">{text.gone}</StatusTag>
          ) : (
            <Tag>{typeName(hubspot.type)}</Tag>
          )}
        </Flex>
      </TableCell>
      <TableCell>
        <Select
          name={`direction-${hubspotKey(mapping.hubspot)}`}
          label={`${text.columns.direction}: ${label}`}
          variant="transparent"
          readOnly={offered.length < 2}
          value={mapping.direction}
          options={offered.map((value) => ({ value, label: text.mappingDirections[value] }))}
          onChange={(value) => {
            const direction = offered.find((one) => one === value);
            if (direction !== undefined) onChange({ ...mapping, direction });
          }}
        />
        {because === null ? null : <Text variant="microcopy">{because}</Text>}
        {clashes(mapping, props.others) ? <StatusTag variant="danger">{text.twice}</StatusTag> : null}
      </TableCell>
      <TableCell>
        <Flex gap="extra-small" align="center" wrap>
          <Text truncate={{ maxWidth: 220, tooltipText: klaviyoLabel(mapping, index) }}>
            {klaviyoLabel(mapping, index)}
          </Text>
          {klaviyo === undefined ? null : <Tag>{typeName(klaviyo.type)}</Tag>}
        </Flex>
      </TableCell>
      <TableCell>
        {mapping.direction === 'both' ? (
          <Select
            name={`winner-${hubspotKey(mapping.hubspot)}`}
            label={`${text.columns.winner}: ${label}`}
            variant="transparent"
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
        ) : (
          words.common.none
        )}
      </TableCell>
      <TableCell>
        <Toggle
          name={`empty-${hubspotKey(mapping.hubspot)}`}
          label={`${text.emptyToo}: ${label}`}
          labelDisplay="hidden"
          size="xs"
          checked={mapping.emptyToo}
          onChange={(emptyToo) => onChange({ ...mapping, emptyToo })}
        />
      </TableCell>
      <TableCell>
        <Button size="xs" variant="transparent" onClick={props.onRemove}>
          {words.common.remove}
        </Button>
      </TableCell>
    </TableRow>
  );
}
