import { useState } from 'react';
import { Alert, Flex, NumberInput, Text, ToggleGroup } from '@hubspot/ui-extensions';
import type { ContactConnection } from '../api-types.js';
import { words } from '../words.js';
import { ConfirmButton } from '../shared/ConfirmButton.js';
import { usePlatform } from '../shared/platform.js';

const text = words.connection.stage;

/** Says that only part of the contacts is synced, and widens it (F9, F12). Nothing when everybody is. */
export function Widen({ connection, onChanged }: { connection: ContactConnection; onChanged(): void }) {
  const { api, number } = usePlatform();
  const { limit, stage } = connection.options;
  const [everybody, setEverybody] = useState(true);
  const [people, setPeople] = useState(limit === null ? 100 : limit * 10);
  if (connection.state === 'draft' || (limit === null && stage === 'all')) return null;
  const sentence = limit !== null ? text.limit(number(limit)) : stage === 'canary' ? text.canary : text.tenth;
  return (
    <Alert title={text.title} variant="info">
      <Flex direction="column" gap="small">
        <Text>{sentence}</Text>
        <Flex>
          <ConfirmButton
            id={`widen-${connection.id}`}
            label={text.widen}
            title={text.widenTitle}
            says={text.widenSays}
            extra={
              <Flex direction="column" gap="small">
                <ToggleGroup
                  toggleType="radioButtonList"
                  name="widen-to"
                  label={text.to}
                  value={everybody ? 'all' : 'number'}
                  options={[
                    { value: 'all', label: text.everybody },
                    { value: 'number', label: text.number },
                  ]}
                  onChange={(value: string) => setEverybody(value === 'all')}
                />
                {everybody ? null : (
                  <NumberInput
                    name="widen-people"
                    label={text.people}
                    min={1}
                    precision={0}
                    value={people}
                    onChange={(value) => setPeople(Math.max(1, Math.round(Number.isFinite(value) ? value : 1)))}
                  />
                )}
              </Flex>
            }
            act={async () => {
              await api.changeConnection(connection.id, {
                options: everybody ? { limit: null, stage: 'all' } : { limit: people },
              });
              onChanged();
            }}
            done={text.widened}
          />
        </Flex>
      </Flex>
    </Alert>
  );
}
