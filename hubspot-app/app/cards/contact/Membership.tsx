import { DescriptionList, DescriptionListItem, Flex, Tag, Text } from '@hubspot/ui-extensions';
import type { ContactAnswer } from '../card-types.js';
import { shorten } from '../activity/short-texts.js';
import { words } from '../words.js';

/** Characters of a list's name. */
const longest = 40;

/** Whether the person takes email marketing, and the Klaviyo lists that the sync put them on. */
export function Membership({ contact }: { contact: ContactAnswer }) {
  const { subscription, lists, settling } = contact;
  // Until Klaviyo has told its name a list goes by an id, which says nothing to a person.
  const listNames = settling ? contact.listNames.filter((name) => !lists.includes(name)) : contact.listNames;
  return (
    <DescriptionList direction="row">
      <DescriptionListItem label={words.subscription}>
        <Text>{words.subscriptionOf(subscription, settling)}</Text>
      </DescriptionListItem>
      <DescriptionListItem label={words.lists}>
        {listNames.length === 0 ? (
          <Text>{contact.listNames.length === 0 ? words.noLists : words.asking}</Text>
        ) : (
          <Flex direction="row" gap="extra-small" wrap>
            {listNames.map((list) => (
              <Tag key={list}>{shorten(list, longest)}</Tag>
            ))}
          </Flex>
        )}
      </DescriptionListItem>
    </DescriptionList>
  );
}
