import { Alert, Flex, Heading, ToggleGroup } from '@hubspot/ui-extensions';
import type { Sources } from '../api-types.js';
import type { Picker } from '../api/create-api.js';
import { words } from '../words.js';
import { ListPicker } from '../shared/ListPicker.js';
import { usePlatform } from '../shared/platform.js';
import { sourcesComplete, type EngagementForm } from './engagement-form.js';

const text = words.engagement.sources;
type Chosen = Exclude<keyof Sources, 'all'>;
const pickers: [Chosen, Picker][] = [
  ['klaviyoListIds', 'lists'],
  ['klaviyoSegmentIds', 'segments'],
  ['flowIds', 'flows'],
  ['campaignIds', 'campaigns'],
];

/** Which emails count (E1). */
export function SourcesStep(props: {
  form: EngagementForm;
  change(part: Partial<EngagementForm>): void;
  checked: boolean;
}) {
  const { api } = usePlatform();
  const { form, change } = props;
  const { sources } = form;
  return (
    <Flex direction="column" gap="medium">
      <Heading>{text.title}</Heading>
      <ToggleGroup
        toggleType="radioButtonList"
        name="sources"
        label={text.label}
        value={sources.all ? 'all' : 'chosen'}
        options={[
          { value: 'all', label: text.all },
          { value: 'chosen', label: text.chosen },
        ]}
        onChange={(value: string) => change({ sources: { ...sources, all: value === 'all' } })}
      />
      {sources.all
        ? null
        : pickers.map(([name, kind]) => (
            <ListPicker
              key={name}
              name={`source-${kind}`}
              label={text[kind]}
              load={(search, cursor) => api.klaviyoPicker(form.klaviyoAccountId, kind, search, cursor)}
              value={sources[name]}
              onChange={(ids) => change({ sources: { ...sources, [name]: ids } })}
            />
          ))}
      {props.checked && !sourcesComplete(form) ? <Alert title={text.missing} variant="danger" /> : null}
    </Flex>
  );
}
