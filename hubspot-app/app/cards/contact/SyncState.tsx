import { Alert, Flex, Link, LoadingButton, StatusTag, Text } from '@hubspot/ui-extensions';
import type { ContactAnswer, SyncState as State } from '../card-types.js';
import type { Loaded } from '../shared/use-load.js';
import { ProblemAlert } from '../shared/ProblemAlert.js';
import { useAgo } from '../shared/use-ago.js';
import { words } from '../words.js';
import { OpenIssues } from './OpenIssues.js';
import { useSyncNow } from './use-sync-now.js';

const variants = {
  in_sync: 'success',
  waiting: 'info',
  skipped: 'warning',
  failed: 'danger',
  unlinked: 'default',
  not_in_scope: 'default',
} as const;

const advice: Partial<Record<State, string>> = words.advice;

/** Whether the contact is in sync and why, what stands in the way, and the button that looks again now. */
export function SyncState({ contact, from }: { contact: ContactAnswer; from: Loaded<ContactAnswer> }) {
  const { sync, issues } = contact;
  const syncNow = useSyncNow(from);
  const ago = useAgo();
  const says = advice[sync.state];
  return (
    <Flex direction="column" gap="small">
      <Flex direction="row" gap="small" align="center" justify="between" wrap>
        <Flex direction="row" gap="small" align="center" wrap>
          <StatusTag variant={variants[sync.state]}>{words.states[sync.state]}</StatusTag>
          <Text variant="microcopy">
            {sync.lastSyncedAt === null ? words.neverSynced : words.lastSynced(ago(sync.lastSyncedAt))}
          </Text>
        </Flex>
        <Flex direction="row" gap="small" align="center" wrap>
          {sync.klaviyoUrl === null ? null : (
            <Link href={{ url: sync.klaviyoUrl, external: true }}>{words.openKlaviyo}</Link>
          )}
          <LoadingButton size="sm" loading={syncNow.busy} onClick={syncNow.start} testId="sync-now">
            {syncNow.busy ? words.syncing : words.syncNow}
          </LoadingButton>
        </Flex>
      </Flex>
      {sync.state === 'in_sync' || (sync.state === 'failed' && issues.length > 0) ? null : (
        <Text>{says === undefined ? sync.reason.message : `${sync.reason.message} ${says}`}</Text>
      )}
      {syncNow.long ? <Alert title={words.syncingLong} variant="info" testId="long" /> : null}
      <ProblemAlert problem={syncNow.problem} />
      <OpenIssues issues={issues} onRetried={from.reload} />
    </Flex>
  );
}
