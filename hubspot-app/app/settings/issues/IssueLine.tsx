import { useState } from 'react';
import { Flex, Link, LoadingButton, Select, TableCell, TableRow, Text } from '@hubspot/ui-extensions';
import type { Issue } from '../api-types.js';
import { words } from '../words.js';
import { breakable } from '../shared/breakable.js';
import { ConfirmButton } from '../shared/ConfirmButton.js';
import { usePlatform } from '../shared/platform.js';
import { ProblemAlert } from '../shared/ProblemAlert.js';
import { regions } from '../shared/regions.js';
import { useAction } from '../shared/use-action.js';

const text = words.issues;

/** One contact's issue: what happened, a link to the record, and what can be done. */
export function IssueLine({ issue, onChanged }: { issue: Issue; onChanged(): void }) {
  const { api, tell, time } = usePlatform();
  const [region, setRegion] = useState('US');
  const retrying = useAction(async () => {
    await api.retryIssue(issue.id);
    tell('success', text.retried);
    onChanged();
  });
  const { contact } = issue;
  const repair = issue.repair ?? null;
  const who = breakable(contact.email ?? words.common.noEmail);
  return (
    <TableRow>
      <TableCell>
        {contact.hubspotUrl === null ? (
          <Text>{who}</Text>
        ) : (
          <Link href={{ url: contact.hubspotUrl, external: true }}>{who}</Link>
        )}
      </TableCell>
      <TableCell>
        <Text>{breakable(issue.detail)}</Text>
        <Text variant="microcopy">{text.since(time(issue.firstSeenAt), issue.attempts)}</Text>
        <ProblemAlert problem={retrying.problem} />
      </TableCell>
      <TableCell>
        <Flex gap="extra-small" wrap>
          {repair === null ? null : (
            <ConfirmButton
              id={`repair-${issue.id}`}
              label={repair.label}
              title={text.repairTitle(repair.label)}
              says={[repair.does]}
              size="xs"
              extra={
                repair.asks === 'region' ? (
                  <Select
                    name={`region-${issue.id}`}
                    label={text.region}
                    value={region}
                    options={regions}
                    onChange={(value) => setRegion(String(value))}
                  />
                ) : null
              }
              act={async () => {
                await api.repairIssue(issue.id, repair.asks === 'region' ? { region } : {});
                onChanged();
              }}
              done={text.repaired}
            />
          )}
          <LoadingButton size="xs" loading={retrying.busy} onClick={() => retrying.start()}>
            {text.retry}
          </LoadingButton>
          <ConfirmButton
            id={`ignore-${issue.id}`}
            label={text.ignore}
            title={text.ignoreTitle(who)}
            says={text.ignoreSays}
            size="xs"
            act={async () => {
              await api.ignoreIssue(issue.id);
              onChanged();
            }}
            done={text.ignored}
          />
        </Flex>
      </TableCell>
    </TableRow>
  );
}
