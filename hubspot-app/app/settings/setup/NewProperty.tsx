import { useState } from 'react';
import { Accordion, Flex, Input, LoadingButton, Select } from '@hubspot/ui-extensions';
import { words } from '../words.js';
import { usePlatform } from '../shared/platform.js';
import { ProblemAlert } from '../shared/ProblemAlert.js';
import { useAction } from '../shared/use-action.js';

const text = words.setup.fields;
const types = ['string', 'number', 'boolean', 'date', 'list'];

/** Adds a Klaviyo property by name (D9). */
export function NewProperty({ accountId, onCreated }: { accountId: string; onCreated(): void }) {
  const { api, tell } = usePlatform();
  const [name, setName] = useState('');
  const [type, setType] = useState('string');
  const creating = useAction(async () => {
    const field = await api.addKlaviyoField(accountId, name.trim(), type);
    setName('');
    onCreated();
    tell('success', text.newPropertyDone(field.label));
  });
  return (
    <Accordion title={text.newProperty} size="sm">
      <Flex direction="column" gap="small">
        <Input
          name="new-property-name"
          label={text.newPropertyName}
          description={text.newPropertyHelp}
          value={name}
          onInput={setName}
          onChange={setName}
        />
        <Select
          name="new-property-type"
          label={text.newPropertyType}
          value={type}
          options={types.map((value) => ({ value, label: text.types[value] ?? value }))}
          onChange={(value) => setType(String(value))}
        />
        <ProblemAlert problem={creating.problem} />
        <Flex>
          <LoadingButton
            size="sm"
            loading={creating.busy}
            disabled={name.trim() === ''}
            onClick={() => creating.start()}
            testId="create-property"
          >
            {text.newPropertyCreate}
          </LoadingButton>
        </Flex>
      </Flex>
    </Accordion>
  );
}
