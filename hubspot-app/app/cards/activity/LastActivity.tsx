import { Flex, Heading, Text } from '@hubspot/ui-extensions';
import type { Activity } from '../card-types.js';
import { useAgo } from '../shared/use-ago.js';
import { words } from '../words.js';
import { shorten } from './short-texts.js';

const text = words.last;
const longest = 60;

/** The newest thing that a person did, in one line; what machines did counts only when there is nothing else. */
export function LastActivity({ latest, withWho = false }: { latest: Activity[]; withWho?: boolean }) {
  const ago = useAgo();
  const last = latest.find(({ bot }) => !bot) ?? latest[0];
  if (last === undefined) return <Text>{text.none}</Text>;
  const name = last.message ?? last.subject;
  return (
    <Flex direction="column" gap="flush">
      <Text variant="microcopy">{text.title}</Text>
      <Heading>{text.says(last.type, name === null ? null : shorten(name, longest), ago(last.at))}</Heading>
      {withWho && last.contact.email !== null ? <Text>{text.by(shorten(last.contact.email, longest))}</Text> : null}
    </Flex>
  );
}
