import { EmptyState, Text } from '@hubspot/ui-extensions';
import { PausedNotice } from '../activity/PausedNotice.js';
import { TimelineNotice } from '../activity/TimelineNotice.js';
import { DayChart } from '../activity/DayChart.js';
import { LastActivity } from '../activity/LastActivity.js';
import { LatestTable } from '../activity/LatestTable.js';
import { TotalNumbers } from '../activity/TotalNumbers.js';
import { isQuiet } from '../activity/is-quiet.js';
import { LoadedCard } from '../shared/LoadedCard.js';
import { usePlatform } from '../shared/platform.js';
import { useLoad } from '../shared/use-load.js';
import { words } from '../words.js';

/** The service takes so many contacts of one record together at most. */
const mostContacts = 500;

/** Email activity of all contacts of a company or deal together, with who did it. */
export function RecordActivity({ object }: { object: 'company' | 'deal' }) {
  const { api, recordId } = usePlatform();
  const from = useLoad(recordId, () => api[object](recordId));
  return (
    <LoadedCard from={from}>
      {(record) =>
        isQuiet(record) ? (
          <EmptyState title={words.emptyRecord.title[object]} imageName="emailConfirmation" layout="vertical" flush>
            <Text>{words.emptyRecord.nobody[object]}</Text>
            <Text>{words.emptyRecord.collecting[record.emailActivity.state]}</Text>
          </EmptyState>
        ) : (
          <>
            <LastActivity latest={record.latest} withWho />
            <TotalNumbers totals={record.totals} />
            <Text variant="microcopy">
              {words.contactsOf[object](record.contacts)}
              {record.contacts >= mostContacts ? ` ${words.mostContacts(record.contacts)}` : null}
            </Text>
            <PausedNotice emailActivity={record.emailActivity} />
            <DayChart days={record.byDay} />
            <LatestTable latest={record.latest} withWho />
            <TimelineNotice emailActivity={record.emailActivity} />
          </>
        )
      }
    </LoadedCard>
  );
}
