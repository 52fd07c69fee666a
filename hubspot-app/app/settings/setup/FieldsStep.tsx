import { useMemo } from 'react';
import { Button, Flex, Heading, LoadingButton, Select, Text } from '@hubspot/ui-extensions';
import type { Fields, Mapping } from '../api-types.js';
import { words } from '../words.js';
import { LoadedView } from '../shared/LoadedView.js';
import { usePlatform } from '../shared/platform.js';
import { ProblemAlert } from '../shared/ProblemAlert.js';
import { regions } from '../shared/regions.js';
import { useAction, type Action } from '../shared/use-action.js';
import { useLoad } from '../shared/use-load.js';
import { AddMapping } from './AddMapping.js';
import type { ContactForm } from './contact-form.js';
import { indexOf } from './mapping-rules.js';
import { MappingTable } from './MappingTable.js';
import { NewProperty } from './NewProperty.js';

const text = words.setup.fields;

/** Which fields are kept the same, who wins, and in which country phone numbers are read. */
export function FieldsStep({ form, change }: { form: ContactForm; change(part: Partial<ContactForm>): void }) {
  const { api, tell } = usePlatform();
  const fields = useLoad(`fields ${form.klaviyoAccountId}`, () => api.fields(form.klaviyoAccountId));
  const refreshing = useAction(async () => {
    await api.refreshFields(form.klaviyoAccountId);
    fields.reload();
    tell('success', text.refreshed);
  });
  return (
    <Flex direction="column" gap="medium">
      <Heading>{text.title}</Heading>
      <Text>{text.intro}</Text>
      <Flex gap="medium" wrap>
        <Select
          name="winner"
          label={text.winner}
          tooltip={text.winnerHelp}
          value={form.options.winner}
          options={[
            { value: 'hubspot', label: text.winners.hubspot },
            { value: 'klaviyo', label: text.winners.klaviyo },
          ]}
          onChange={(winner) =>
            change({ options: { ...form.options, winner: winner === 'klaviyo' ? 'klaviyo' : 'hubspot' } })
          }
        />
        <Select
          name="region"
          label={text.region}
          tooltip={text.regionHelp}
          value={form.options.defaultRegion}
          options={regions}
          onChange={(region) => change({ options: { ...form.options, defaultRegion: String(region) } })}
        />
      </Flex>
      <LoadedView from={fields}>
        {(known) => <Mapped known={known} form={form} change={change} reload={fields.reload} refreshing={refreshing} />}
      </LoadedView>
    </Flex>
  );
}

function Mapped(props: {
  known: Fields;
  form: ContactForm;
  change(part: Partial<ContactForm>): void;
  reload(): void;
  refreshing: Action<[]>;
}) {
  const { known, form, change, refreshing } = props;
  const index = useMemo(() => indexOf(known), [known]);
  const mappings = form.mappings ?? known.proposed;
  const set = (next: Mapping[]): void => change({ mappings: next });
  return (
    <Flex direction="column" gap="medium">
      <MappingTable mappings={mappings} index={index} onChange={set}>
        <LoadingButton size="sm" loading={refreshing.busy} onClick={() => refreshing.start()}>
          {text.refresh}
        </LoadingButton>
        <Button size="sm" onClick={() => set(known.proposed)}>
          {text.reset}
        </Button>
      </MappingTable>
      <ProblemAlert problem={refreshing.problem} />
      <AddMapping known={known} index={index} mappings={mappings} onAdd={(mapping) => set([...mappings, mapping])} />
      <NewProperty accountId={form.klaviyoAccountId} onCreated={props.reload} />
    </Flex>
  );
}
