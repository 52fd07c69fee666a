import { useMemo, useRef, useState } from 'react';
import { Button, Flex, MultiSelect, SearchInput, Select, Text, useDebounce } from '@hubspot/ui-extensions';
import type { Page, PickerItem } from '../api-types.js';
import { words } from '../words.js';
import { ProblemAlert } from './ProblemAlert.js';
import { useItems } from './use-items.js';

interface ListPickerProps {
  /** Tells one picker's answers from another's, and names the field. */
  name: string;
  label: string;
  description?: string;
  load(search: string, cursor?: string): Promise<Page<PickerItem>>;
  value: readonly string[];
  onChange(ids: string[]): void;
  /** One or several. */
  single?: boolean;
  /** What nothing chosen means, where it means something. */
  nothing?: string;
  /** What is chosen and was not found, e.g. because it is deleted; a list unless said otherwise. */
  unknown?(id: string): string;
  /** Shown when nothing is chosen and that is a mistake by now. */
  missing?: string | null;
}

const labelOf = (item: PickerItem): string => {
  const size = item.size === undefined ? '' : ` (${item.size.toLocaleString('en-US')})`;
  const optIn = item.optIn === 'double_opt_in' ? ` · ${words.setup.who.doubleOptIn}` : '';
  return `${item.name}${size}${optIn}`;
};

/** Chooses lists, segments, flows, campaigns or pipelines, of which there may be hundreds: typing searches in the service. */
export function ListPicker(props: ListPickerProps) {
  const { name, label, value, single = false, missing = null, unknown = words.setup.who.unknownList } = props;
  const [typed, setTyped] = useState('');
  const search = useDebounce(typed, 300);
  const found = useItems(name, search, props.load);
  // What was seen once keeps its name, though a search hides it.
  const seen = useRef(new Map<string, string>());
  const options = useMemo(() => {
    const items = (found.data?.items ?? []).filter((item) => item.archived !== true);
    for (const item of items) seen.current.set(item.id, labelOf(item));
    const shown = new Set(items.map(({ id }) => id));
    const chosen = value.filter((id) => id !== '' && !shown.has(id));
    return [
      ...chosen.map((id) => ({ value: id, label: seen.current.get(id) ?? unknown(id) })),
      ...items.map((item) => ({ value: item.id, label: labelOf(item) })),
    ];
  }, [found.data, value, unknown]);

  const common = {
    name,
    label,
    options,
    ...(props.description === undefined ? {} : { description: props.description }),
    ...(missing === null ? {} : { error: true, validationMessage: missing }),
    placeholder:
      found.data === null && found.problem === null
        ? words.common.loading
        : (props.nothing ?? words.setup.fields.choose),
  };
  return (
    <Flex direction="column" gap="small">
      {found.data?.more === true || typed !== '' ? (
        <SearchInput
          name={`${name}-search`}
          label={words.setup.who.find}
          value={typed}
          onInput={setTyped}
          onChange={setTyped}
          description={words.setup.who.tooMany}
        />
      ) : null}
      {single ? (
        <Select {...common} value={value[0] ?? ''} onChange={(id) => props.onChange([String(id)])} />
      ) : (
        <MultiSelect {...common} value={[...value]} onChange={(ids) => props.onChange(ids.map(String))} />
      )}
      {found.problem === null ? null : (
        <>
          <ProblemAlert problem={found.problem} />
          <Button size="xs" onClick={found.reload}>
            {words.common.retry}
          </Button>
        </>
      )}
      {found.data !== null && options.length === 0 ? <Text variant="microcopy">{words.common.none}</Text> : null}
    </Flex>
  );
}
