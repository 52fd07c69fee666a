import { useMemo } from 'react';
import { Flex, Heading, Text } from '@hubspot/ui-extensions';
import { words } from '../words.js';
import { AddMapping } from '../setup/AddMapping.js';
import { indexOf } from '../setup/mapping-rules.js';
import { MappingTable } from '../setup/MappingTable.js';
import type { Fields, Mapping } from '../api-types.js';
import { LoadedView } from '../shared/LoadedView.js';
import { usePlatform } from '../shared/platform.js';
import { useLoad } from '../shared/use-load.js';
import type { EngagementForm } from './engagement-form.js';

const text = words.engagement.options;

/** Which values a contact that is created begins with (E6): the connection's own mapping, into HubSpot only. */
export function CreateMappings(props: { form: EngagementForm; change(part: Partial<EngagementForm>): void }) {
  const { api } = usePlatform();
  const { form, change } = props;
  const fields = useLoad(`fields ${form.klaviyoAccountId}`, () => api.fields(form.klaviyoAccountId));
  return (
    <Flex direction="column" gap="small">
      <Heading>{text.mappings}</Heading>
      <Text variant="microcopy">{text.mappingsSays}</Text>
      <LoadedView from={fields}>
        {(known) => (
          <Mapped
            known={known}
            mappings={form.mappings ?? intoHubspot(known.proposed)}
            onChange={(mappings) => change({ mappings })}
          />
        )}
      </LoadedView>
    </Flex>
  );
}

function Mapped(props: { known: Fields; mappings: Mapping[]; onChange(mappings: Mapping[]): void }) {
  const { known, mappings, onChange } = props;
  const index = useMemo(() => indexOf(known), [known]);
  return (
    <Flex direction="column" gap="small">
      <MappingTable mappings={mappings} index={index} only="to_hubspot" onChange={onChange} />
      <AddMapping
        known={known}
        index={index}
        mappings={mappings}
        only="to_hubspot"
        onAdd={(mapping) => onChange([...mappings, mapping])}
      />
    </Flex>
  );
}

const intoHubspot = (mappings: readonly Mapping[]): Mapping[] =>
  mappings.map((mapping) => ({ ...mapping, direction: 'to_hubspot' }));
