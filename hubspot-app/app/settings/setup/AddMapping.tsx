import { useMemo, useState } from 'react';
import { Accordion, Button, Flex, Select, Text } from '@hubspot/ui-extensions';
import type { Fields, Mapping } from '../api-types.js';
import { words } from '../words.js';
import { clashes, hubspotType, klaviyoType, waysOf, type FieldIndex } from './mapping-rules.js';

const text = words.setup.fields;
const describe = (type: string, readOnly: boolean): string => (readOnly ? `${type}, ${text.onlyRead}` : type);

/** Adds a pair of fields. Of 900 properties the Select finds one by typing; the list is made once. */
export function AddMapping(props: {
  known: Fields;
  index: FieldIndex;
  mappings: readonly Mapping[];
  only?: Mapping['direction'];
  onAdd(mapping: Mapping): void;
}) {
  const { known, index } = props;
  const [hubspotChosen, setHubspot] = useState('');
  const [klaviyoChosen, setKlaviyo] = useState('');
  const hubspotOptions = useMemo(
    () =>
      known.hubspot
        .filter(({ object, name }) => !(object === 'contact' && name === 'email'))
        .map((field) => ({
          value: `${field.object}.${field.name}`,
          label: `${field.object === 'company' ? `${text.company}: ` : ''}${field.label} (${describe(hubspotType(field), field.readOnly)})`,
        })),
    [known],
  );
  const klaviyoOptions = useMemo(
    () =>
      known.klaviyo
        .filter(({ kind, name }) => !(kind === 'attribute' && name === 'email'))
        .map((field) => ({
          value: `${field.kind}.${field.name}`,
          label: `${field.label} (${describe(klaviyoType(field), field.readOnly)})${field.sample === undefined ? '' : ` – ${field.sample.slice(0, 40)}`}`,
        })),
    [known],
  );
  const hubspot = index.hubspot.get(hubspotChosen);
  const klaviyo = index.klaviyo.get(klaviyoChosen);
  const ways = waysOf(hubspot, klaviyo, props.only);
  const [direction] = ways.directions;
  const mapping: Mapping | null =
    hubspot === undefined || klaviyo === undefined || direction === undefined
      ? null
      : {
          hubspot: { object: hubspot.object, property: hubspot.name },
          klaviyo: { kind: klaviyo.kind, name: klaviyo.name },
          direction,
          winner: null,
          emptyToo: false,
        };
  const twice = mapping !== null && clashes(mapping, props.mappings);
  const add = (): void => {
    if (mapping === null || twice) return;
    props.onAdd(mapping);
    setHubspot('');
    setKlaviyo('');
  };
  return (
    <Accordion title={text.addTitle} size="sm">
      <Flex direction="column" gap="small">
        <Select
          name="add-hubspot"
          label={text.addHubspot}
          placeholder={text.choose}
          value={hubspotChosen}
          options={hubspotOptions}
          onChange={(value) => setHubspot(String(value))}
        />
        <Select
          name="add-klaviyo"
          label={text.addKlaviyo}
          placeholder={text.choose}
          value={klaviyoChosen}
          options={klaviyoOptions}
          onChange={(value) => setKlaviyo(String(value))}
        />
        {hubspot !== undefined && klaviyo !== undefined && ways.because !== null ? (
          <Text variant="microcopy">{ways.because}</Text>
        ) : null}
        {twice ? <Text variant="microcopy">{text.twice}</Text> : null}
        <Flex>
          <Button size="sm" disabled={mapping === null || twice} onClick={add} testId="add-mapping">
            {text.addIt}
          </Button>
        </Flex>
      </Flex>
    </Accordion>
  );
}
