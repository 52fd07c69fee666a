import { useState } from 'react';
import {
  Button,
  EmptyState,
  Flex,
  Heading,
  Select,
  Table,
  TableBody,
  TableCell,
  TableHead,
  TableHeader,
  TableRow,
  Text,
} from '@hubspot/ui-extensions';
import type { Account, IssueFilter, IssueGroup } from '../api-types.js';
import { words } from '../words.js';
import { breakable } from '../shared/breakable.js';
import { ConfirmButton } from '../shared/ConfirmButton.js';
import { LoadedView } from '../shared/LoadedView.js';
import { usePlatform } from '../shared/platform.js';
import { useLoad } from '../shared/use-load.js';
import { DownloadIssues } from './DownloadIssues.js';
import { IssuesOfCause } from './IssuesOfCause.js';

const text = words.issues;
const askAgainMs = 15_000;

/** Open issues by cause, each with what to do; one cause opens into its contacts. */
export function IssuesScreen({ account, initial }: { account: Account; initial: IssueFilter }) {
  const { api, tell, number } = usePlatform();
  const [connectionId, setConnectionId] = useState(initial.connectionId ?? 'all');
  const [cause, setCause] = useState<IssueGroup | null>(null);
  const filter: IssueFilter = connectionId === 'all' ? {} : { connectionId };
  const groups = useLoad(
    `groups ${connectionId}`,
    () => api.issueGroups(filter),
    () => askAgainMs,
  );
  if (cause !== null)
    return (
      <IssuesOfCause
        cause={cause}
        onBack={() => {
          setCause(null);
          groups.reload();
        }}
      />
    );
  const nameOf = (id: string): string => account.connections.find((one) => one.id === id)?.name ?? '';
  const several = account.connections.length > 1;
  return (
    <Flex direction="column" gap="medium">
      <Heading>{text.title}</Heading>
      <Text>{text.intro}</Text>
      <Flex gap="medium" align="end" wrap>
        {several ? (
          <Select
            name="issues-connection"
            label={text.connection}
            value={connectionId}
            options={[
              { value: 'all', label: text.allConnections },
              ...account.connections.map(({ id, name }) => ({ value: id, label: name })),
            ]}
            onChange={(id) => setConnectionId(String(id))}
          />
        ) : null}
        {(groups.data?.results.length ?? 0) === 0 ? null : <DownloadIssues key={connectionId} filter={filter} />}
      </Flex>
      <LoadedView from={groups}>
        {({ results }) =>
          results.length === 0 ? (
            <EmptyState title={text.none} layout="vertical" imageName="task">
              <Text>{text.noneText}</Text>
            </EmptyState>
          ) : (
            <Table>
              <TableHead>
                <TableRow>
                  <TableHeader>{text.columns.cause}</TableHeader>
                  <TableHeader width="min" align="right">
                    {text.columns.count}
                  </TableHeader>
                  <TableHeader>{text.columns.actions}</TableHeader>
                </TableRow>
              </TableHead>
              <TableBody>
                {results.map((group) => (
                  <TableRow key={`${group.connectionId} ${group.code}`}>
                    <TableCell>
                      <Text format={{ fontWeight: 'demibold' }}>{group.title}</Text>
                      {several ? <Text variant="microcopy">{breakable(nameOf(group.connectionId))}</Text> : null}
                      <Text>{`${text.fix} ${group.fix}`}</Text>
                    </TableCell>
                    <TableCell align="right">{number(group.count)}</TableCell>
                    <TableCell>
                      <Flex gap="small" wrap>
                        <Button size="sm" onClick={() => setCause(group)}>
                          {text.show}
                        </Button>
                        <ConfirmButton
                          id={`retry-${group.connectionId}-${group.code}`}
                          label={text.retryAll}
                          title={text.retryAllTitle}
                          says={text.retryAllSays(group.count)}
                          act={async () => {
                            const { retried } = await api.retryIssues({
                              connectionId: group.connectionId,
                              code: group.code,
                            });
                            tell('success', text.retriedMany(retried));
                            groups.reload();
                          }}
                        />
                      </Flex>
                    </TableCell>
                  </TableRow>
                ))}
              </TableBody>
            </Table>
          )
        }
      </LoadedView>
    </Flex>
  );
}
