import { DescriptionList, DescriptionListItem, Flex, Tag, Text } from '@hubspot/ui-extensions';
import type { ContactAnswer } from '../card-types.js';
import { shorten } from '../activity/short-texts.js';
import { words } from '../words.js';

/** Characters of a list's name. */
const longest = 40;

/** Whether the person takes email marketing, and the Klaviyo lists that the sync put them on. */
export function Membership({ contact }: { contact: ContactAnswer }) {
  const { subscription, listNames, settling } = contact;
  return (
    <DescriptionList direction="row">
      <DescriptionListItem label={words.subscription}>
        <Text>{words.subscriptionOf(subscription, settling)}</Text>
      </DescriptionListItem>
      <DescriptionListItem label={words.lists}>
        {listNames.length === 0 ? (
          <Text>{words.noLists}</Text>
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
