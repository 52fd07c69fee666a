import { Divider, EmptyState, Flex, Text } from '@hubspot/ui-extensions';
import { PausedNotice } from '../activity/PausedNotice.js';
import { TimelineNotice } from '../activity/TimelineNotice.js';
import { DayChart } from '../activity/DayChart.js';
import { LastActivity } from '../activity/LastActivity.js';
import { LatestTable } from '../activity/LatestTable.js';
import { TotalNumbers } from '../activity/TotalNumbers.js';
import { isQuiet } from '../activity/is-quiet.js';
import { LoadedCard } from '../shared/LoadedCard.js';
import { words } from '../words.js';
import { Membership } from './Membership.js';
import { SyncState } from './SyncState.js';
import { useContact } from './use-contact.js';

/** The tab of a contact: in sync or why not, then its email activity from the summary to the details. */
export function ContactTab() {
  const from = useContact();
  return (
    <LoadedCard from={from}>
      {(contact) => (
        <>
          <SyncState contact={contact} from={from} />
          <Divider />
          {isQuiet(contact) ? (
            <EmptyState title={words.empty.title} imageName="emailConfirmation" layout="vertical" flush>
              <Text>{words.empty.contact[contact.emailActivity.state]}</Text>
            </EmptyState>
          ) : (
            <Flex direction="column" gap="medium">
              <LastActivity latest={contact.latest} />
              <TotalNumbers totals={contact.totals} />
              <PausedNotice emailActivity={contact.emailActivity} />
            </Flex>
          )}
          <Membership contact={contact} />
          <DayChart days={contact.byDay} />
          <LatestTable latest={contact.latest} />
          {isQuiet(contact) ? null : <TimelineNotice emailActivity={contact.emailActivity} />}
        </>
      )}
    </LoadedCard>
  );
}
