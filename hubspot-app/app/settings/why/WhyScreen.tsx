import { useState } from 'react';
import {
  Alert,
  Button,
  DescriptionList,
  DescriptionListItem,
  Flex,
  Form,
  Heading,
  Input,
  LoadingButton,
  Table,
  TableBody,
  TableCell,
  TableHead,
  TableHeader,
  TableRow,
  Text,
} from '@hubspot/ui-extensions';
import type { Explanation } from '../api-types.js';
import { words } from '../words.js';
import { useNames } from '../shared/names.js';
import { usePlatform } from '../shared/platform.js';
import { ProblemAlert } from '../shared/ProblemAlert.js';
import { showValue } from '../shared/show-value.js';
import { useAction } from '../shared/use-action.js';
import { FieldSteps } from './FieldSteps.js';
import { spoken, spokenValue } from './spoken.js';

const text = words.why;

/** The trace of a person (F11): what matched, what was compared, who won, what was written. */
export function WhyScreen({ onHistory }: { onHistory(hubspotId: string): void }) {
  const { api } = usePlatform();
  const [email, setEmail] = useState('');
  const [found, setFound] = useState<Explanation | null>(null);
  const asking = useAction(async () => {
    setFound(null);
    setFound(await api.explain(email.trim()));
  });
  const hubspotId = found?.contact.hubspotId ?? null;
  return (
    <Flex direction="column" gap="medium">
      <Heading>{text.title}</Heading>
      <Text>{text.intro}</Text>
      <Form
        preventDefault
        onSubmit={() => {
          if (email.trim() !== '') asking.start();
        }}
      >
        <Flex gap="small" align="end" wrap>
          <Input name="why-email" label={text.email} value={email} onInput={setEmail} onChange={setEmail} />
          <LoadingButton type="submit" variant="primary" loading={asking.busy} testId="explain">
            {text.ask}
          </LoadingButton>
        </Flex>
      </Form>
      {asking.problem?.status === 404 ? (
        <Alert title={text.none} variant="info">
          <Text>{text.noneText}</Text>
        </Alert>
      ) : (
        <ProblemAlert problem={asking.problem} />
      )}
      {found === null ? null : (
        <Flex direction="column" gap="small">
          <DescriptionList direction="row">
            <DescriptionListItem label={text.email}>
              <Text>{found.contact.email ?? words.common.noEmail}</Text>
            </DescriptionListItem>
            <DescriptionListItem label={text.hubspotId}>
              <Text>{hubspotId ?? words.common.none}</Text>
            </DescriptionListItem>
            <DescriptionListItem label={text.klaviyoId}>
              <Text>{found.contact.klaviyoId ?? words.common.none}</Text>
            </DescriptionListItem>
          </DescriptionList>
          {found.steps.length === 0 ? (
            <Alert title={text.none} variant="info">
              <Text>{text.noneText}</Text>
            </Alert>
          ) : (
            <>
              <Steps steps={found.steps.filter(({ step }) => step !== 'field')} />
              <FieldSteps steps={found.steps.filter(({ step }) => step === 'field')} />
            </>
          )}
          {hubspotId === null ? null : (
            <Flex>
              <Button size="sm" onClick={() => onHistory(hubspotId)}>
                {text.historyOf}
              </Button>
            </Flex>
          )}
        </Flex>
      )}
    </Flex>
  );
}

function Steps({ steps }: { steps: Explanation['steps'] }) {
  const { time } = usePlatform();
  const names = useNames();
  return (
    <Table density="condensed">
      <TableHead>
        <TableRow>
          <TableHeader>{text.columns.step}</TableHeader>
          <TableHeader>{text.columns.decision}</TableHeader>
          <TableHeader>{text.columns.because}</TableHeader>
          <TableHeader>{text.columns.at}</TableHeader>
        </TableRow>
      </TableHead>
      <TableBody>
        {steps.map((step, at) => (
          <TableRow key={at}>
            <TableCell>{spoken(step.step)}</TableCell>
            <TableCell>{spoken(step.decision)}</TableCell>
            <TableCell>
              <Text>{step.because}</Text>
              {Object.entries(step.detail)
                .filter(([name, value]) => !shownElsewhere.has(name) && isPlain(value))
                .map(([name, value]) => (
                  <Text key={name} variant="microcopy">
                    {lists.has(name)
                      ? `${text.lists}: ${[value]
                          .flat()
                          .map((id) => names.list(String(id)))
                          .join(', ')}`
                      : `${spoken(name)}: ${showValue(spokenValue(value))}`}
                  </Text>
                ))}
            </TableCell>
            <TableCell>
              <Text variant="microcopy">{step.step === 'history' ? time(step.at) : text.now}</Text>
            </TableCell>
          </TableRow>
        ))}
      </TableBody>
    </Table>
  );
}

/** Numbers of our own, which say nothing to a person, and what stands above the table. */
const shownElsewhere = new Set(['id', 'runId', 'hubspotId', 'klaviyoId', 'email']);
/** Details that name Klaviyo lists. */
const lists = new Set(['klaviyoListId', 'listId']);

/** Whether a detail says something to a person: no record inside, not empty. */
function isPlain(value: unknown): boolean {
  if (value === null || value === '') return false;
  if (Array.isArray(value)) return value.length > 0 && value.every((one) => typeof one !== 'object');
  return typeof value !== 'object';
}
