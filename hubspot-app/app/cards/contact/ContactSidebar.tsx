import { Divider, Flex, Text } from '@hubspot/ui-extensions';
import { PausedNotice } from '../activity/PausedNotice.js';
import { LastActivity } from '../activity/LastActivity.js';
import { TotalLine } from '../activity/TotalNumbers.js';
import { isQuiet } from '../activity/is-quiet.js';
import { LoadedCard } from '../shared/LoadedCard.js';
import { words } from '../words.js';
import { SyncState } from './SyncState.js';
import { useContact } from './use-contact.js';

/** The contact at a glance, for the narrow column: in sync or why not, the last activity, three numbers. */
export function ContactSidebar() {
  const from = useContact();
  return (
    <LoadedCard from={from}>
      {(contact) => (
        <>
          <SyncState contact={contact} from={from} />
          <Divider />
          {isQuiet(contact) ? (
            <Flex direction="column" gap="extra-small">
              <Text format={{ fontWeight: 'demibold' }}>{words.empty.title}</Text>
              <Text variant="microcopy">{words.empty.contact[contact.emailActivity.state]}</Text>
            </Flex>
          ) : (
            <Flex direction="column" gap="small">
              <LastActivity latest={contact.latest} />
              <TotalLine totals={contact.totals} />
              <PausedNotice emailActivity={contact.emailActivity} />
            </Flex>
          )}
          <Text variant="microcopy">
            {`${words.subscription}: ${words.subscriptionOf(contact.subscription, contact.settling)}`}
          </Text>
        </>
      )}
    </LoadedCard>
  );
}
