import type { HistoryEntry } from '../store/history.js';
import type { Applied } from './apply.js';

/** What happened beside the intended writes: pairs linked and ended, lists joined and left. */
export function doneEntries(person: Applied, runId: string | null): HistoryEntry[] {
  const { plan, hubspotId, klaviyoId } = person;
  const connectionId = plan.connectionIds[0] ?? plan.standings[0]?.connectionId;
  if (connectionId === undefined) return [];
  const entry = (more: Pick<HistoryEntry, 'action' | 'because'> & Partial<HistoryEntry>): HistoryEntry => ({
    connectionId,
    runId,
    side: 'klaviyo',
    hubspotId,
    klaviyoId,
    email: plan.email,
    fields: [],
    ...more,
  });
  const linkedNow = plan.person.link === null && plan.person.hubspot !== null && plan.person.klaviyo !== null;
  const standsAside = plan.standings.every(
    (standing) => standing.state === 'skipped' || standing.state === 'not_in_scope',
  );
  return [
    ...(linkedNow && person.deferred === null && !standsAside
      ? [entry({ action: 'link', because: 'Both records have the same email address.' })]
      : []),
    ...(plan.ending === null || (plan.ending === 'merged_in_hubspot' && person.deferred !== null)
      ? []
      : [
          entry({
            action: 'unlink',
            because: endings[plan.ending],
          }),
        ]),
    ...plan.listAdds
      .filter((list) => person.joined.has(list.listId) && !person.memberAlready.has(list.listId))
      .map((list) =>
        entry({
          connectionId: list.connectionId,
          action: 'list_add',
          ...listChange(list.listId, 'joined', 'A rule of the connection matches.'),
        }),
      ),
    ...plan.listRemoves
      .filter((list) => person.left.has(list.listId))
      .map((list) =>
        entry({
          connectionId: list.connectionId,
          action: 'list_remove',
          ...listChange(list.listId, 'left', 'No rule of the connection matches any more.'),
        }),
      ),
  ];
}

const endings = {
  deleted_in_hubspot: 'The contact was deleted in HubSpot.',
  deleted_in_klaviyo: 'The profile was deleted in Klaviyo.',
  merged_in_hubspot: 'The contact was merged into another one in HubSpot, which keeps its own profile.',
  merged_in_klaviyo: 'The profile was merged into another one in Klaviyo, which is linked already.',
} as const;

const listChange = (
  listId: string,
  what: 'joined' | 'left',
  because: string,
): Pick<HistoryEntry, 'fields' | 'because'> => ({
  fields: [
    {
      field: `list ${listId}`,
      oldValue: what === 'joined' ? null : listId,
      newValue: what === 'joined' ? listId : null,
      because,
    },
  ],
  because,
});
