import { Button, Flex, Text, Tile, ToggleGroup } from '@hubspot/ui-extensions';
import type { KlaviyoRule } from '../api-types.js';
import { words } from '../words.js';
import { ListPicker } from '../shared/ListPicker.js';
import { usePlatform } from '../shared/platform.js';
import { klaviyoRuleComplete } from './contact-form.js';

const text = words.setup.who;

/** One Klaviyo → HubSpot rule: which profiles. */
export function KlaviyoRuleForm(props: {
  number: number;
  rule: KlaviyoRule;
  accountId: string;
  checked: boolean;
  onChange(rule: KlaviyoRule): void;
  onRemove?: () => void;
}) {
  const { api } = usePlatform();
  const { rule, number, checked, accountId } = props;
  const chosen = 'all' in rule.source ? null : rule.source;
  const missing = checked && !klaviyoRuleComplete(rule) ? text.listsMissing : null;
  return (
    <Tile compact testId={`klaviyo-rule-${number}`}>
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
          name={`klaviyo-source-${number}`}
          label={text.who}
          inline
          value={chosen === null ? 'all' : 'lists'}
          options={[
            { value: 'all', label: text.klaviyoAll },
            { value: 'lists', label: text.klaviyoLists },
          ]}
          onChange={(value: string) =>
            props.onChange({ source: value === 'all' ? { all: true } : { klaviyoListIds: [], klaviyoSegmentIds: [] } })
          }
        />
        {chosen === null ? null : (
          <>
            <ListPicker
              name={`klaviyo-lists-${number}`}
              label={text.chooseKlaviyo}
              load={(search, cursor) => api.klaviyoPicker(accountId, 'lists', search, cursor)}
              value={chosen.klaviyoListIds}
              onChange={(klaviyoListIds) => props.onChange({ source: { ...chosen, klaviyoListIds } })}
              missing={missing}
            />
            <ListPicker
              name={`klaviyo-segments-${number}`}
              label={text.chooseSegments}
              load={(search, cursor) => api.klaviyoPicker(accountId, 'segments', search, cursor)}
              value={chosen.klaviyoSegmentIds}
              onChange={(klaviyoSegmentIds) => props.onChange({ source: { ...chosen, klaviyoSegmentIds } })}
            />
          </>
        )}
      </Flex>
    </Tile>
  );
}
