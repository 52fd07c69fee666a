import { DateInput, Flex, Heading, Select, Text, Toggle, ToggleGroup } from '@hubspot/ui-extensions';
import type { EngagementOptions } from '../api-types.js';
import { words } from '../words.js';
import { ListPicker } from '../shared/ListPicker.js';
import { usePlatform } from '../shared/platform.js';
import { CreateMappings } from './CreateMappings.js';
import type { EngagementForm } from './engagement-form.js';

const text = words.engagement.options;
const deals = Object.keys(text.deals) as EngagementOptions['linkDeals'][];
type Switches = 'excludeBots' | 'everyOpen' | 'createContacts' | 'rollups';

/** Bots, opens, unknown people, where to begin, company and deals with their pipelines, roll-ups. */
export function DetailsStep({ form, change }: { form: EngagementForm; change(part: Partial<EngagementForm>): void }) {
  const { api, now } = usePlatform();
  const { options } = form;
  const set = (part: Partial<EngagementOptions>): void => change({ options: { ...form.options, ...part } });
  const begin = options.since === 'activation' || options.since === 'last_30_days' ? options.since : 'date';
  const toggle = (name: Switches, says: string) => (
    <Flex direction="column" gap="flush">
      <Toggle
        name={name}
        label={text[name]}
        labelDisplay="inline"
        checked={options[name]}
        onChange={(on) => set({ [name]: on })}
      />
      <Text variant="microcopy">{says}</Text>
    </Flex>
  );
  return (
    <Flex direction="column" gap="medium">
      <Heading>{text.title}</Heading>
      {toggle('excludeBots', text.excludeBotsSays)}
      {toggle('everyOpen', text.everyOpenSays)}
      <Text variant="microcopy">{text.fromNowOn}</Text>
      {toggle('createContacts', text.createContactsSays)}
      {options.createContacts ? <CreateMappings form={form} change={change} /> : null}
      <ToggleGroup
        toggleType="radioButtonList"
        name="since"
        label={text.since}
        inline
        value={begin}
        options={Object.entries(text.sinceChoices).map(([value, label]) => ({ value, label }))}
        onChange={(value: string) =>
          // A day has to stand there until one is chosen; a year back is what most people mean by it.
          set({ since: value === 'date' ? yearAgo(now()) : value })
        }
      />
      {begin === 'date' ? (
        <DateInput
          name="since-date"
          label={text.sinceDate}
          value={dayOf(options.since)}
          onChange={({ year, month, date }) => set({ since: new Date(Date.UTC(year, month, date)).toISOString() })}
        />
      ) : null}
      <Toggle
        name="linkCompany"
        label={text.linkCompany}
        labelDisplay="inline"
        checked={options.linkCompany}
        onChange={(linkCompany) => set({ linkCompany })}
      />
      <Select
        name="linkDeals"
        label={text.linkDeals}
        value={options.linkDeals}
        options={deals.map((value) => ({ value, label: text.deals[value] }))}
        onChange={(value) => {
          const linkDeals = deals.find((one) => one === value);
          if (linkDeals !== undefined) set({ linkDeals });
        }}
      />
      {options.linkDeals === 'none' ? null : (
        <ListPicker
          name="dealPipelines"
          label={text.pipelines.label}
          description={text.pipelines.help}
          nothing={text.pipelines.all}
          unknown={text.pipelines.unknown}
          load={api.hubspotPipelines}
          value={options.dealPipelines}
          onChange={(dealPipelines) => set({ dealPipelines })}
        />
      )}
      {toggle('rollups', text.rollupsSays)}
    </Flex>
  );
}

/** Midnight of this day a year ago. */
const yearAgo = (now: Date): string =>
  new Date(Date.UTC(now.getUTCFullYear() - 1, now.getUTCMonth(), now.getUTCDate())).toISOString();

/** An ISO 8601 time as the calendar takes it: months from 0. */
function dayOf(since: string): { year: number; month: number; date: number } {
  const at = new Date(since);
  return { year: at.getUTCFullYear(), month: at.getUTCMonth(), date: at.getUTCDate() };
}
