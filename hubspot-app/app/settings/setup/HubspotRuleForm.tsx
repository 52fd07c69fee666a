import { Button, Flex, Text, Tile, ToggleGroup } from '@hubspot/ui-extensions';
import type { HubspotRule } from '../api-types.js';
import { words } from '../words.js';
import { ListPicker } from '../shared/ListPicker.js';
import { usePlatform } from '../shared/platform.js';

const text = words.setup.who;

/** One HubSpot → Klaviyo rule: which contacts, and the Klaviyo list that they join. */
export function HubspotRuleForm(props: {
  number: number;
  rule: HubspotRule;
  accountId: string;
  checked: boolean;
  onChange(rule: HubspotRule): void;
  onRemove?: () => void;
}) {
  const { api } = usePlatform();
  const { rule, number, checked } = props;
  const lists = 'all' in rule.source ? null : rule.source.hubspotListIds;
  return (
    <Tile compact testId={`hubspot-rule-${number}`}>
      <Flex direction="column" gap="small">
        {props.onRemove === undefined ? null : (
          <Flex justify="between">
            <Text format={{ fontWeight: 'demibold' }}>{text.rule(number)}</Text>
            <Button size="xs" variant="transparent" onClick={props.onRemove}>
              {text.removeRule}
            </Button>
          </Flex>
        )}
        <ToggleGroup
          toggleType="radioButtonList"
          name={`hubspot-source-${number}`}
          label={text.who}
          inline
          value={lists === null ? 'all' : 'lists'}
          options={[
            { value: 'all', label: text.hubspotAll },
            { value: 'lists', label: text.hubspotLists },
          ]}
          onChange={(value: string) =>
            props.onChange({ ...rule, source: value === 'all' ? { all: true } : { hubspotListIds: [] } })
          }
        />
        {lists === null ? null : (
          <ListPicker
            name={`hubspot-lists-${number}`}
            label={text.chooseHubspot}
            load={(search, cursor) => api.hubspotLists(search, cursor)}
            value={lists}
            onChange={(hubspotListIds) => props.onChange({ ...rule, source: { hubspotListIds } })}
            missing={checked && lists.length === 0 ? text.listsMissing : null}
          />
        )}
        <ListPicker
          name={`klaviyo-target-${number}`}
          label={text.target}
          description={text.targetHelp}
          single
          load={(search, cursor) => api.klaviyoPicker(props.accountId, 'lists', search, cursor)}
          value={rule.klaviyoListId === '' ? [] : [rule.klaviyoListId]}
          onChange={([klaviyoListId = '']) => props.onChange({ ...rule, klaviyoListId })}
          missing={checked && rule.klaviyoListId === '' ? text.targetMissing : null}
        />
      </Flex>
    </Tile>
  );
}
