import {
  Flex,
  Heading,
  Link,
  StatusTag,
  Table,
  TableBody,
  TableCell,
  TableHead,
  TableHeader,
  TableRow,
  Tag,
  Text,
} from '@hubspot/ui-extensions';
import type { Activity, ActivityType } from '../card-types.js';
import { usePlatform } from '../shared/platform.js';
import { words } from '../words.js';
import { breakable, isWebAddress, shorten, shortUrl } from './short-texts.js';

const text = words.latest;
/** Characters; more would push the other columns out of a card. */
const longest = { address: 32, name: 90, link: 56 };

const variants: Record<ActivityType, 'default' | 'info' | 'success' | 'warning' | 'danger'> = {
  sent: 'default',
  delivered: 'default',
  opened: 'info',
  clicked: 'success',
  bounced: 'danger',
  unsubscribed: 'warning',
  spam: 'danger',
};

/** The latest activities, newest first; whose they are where there are several contacts. */
export function LatestTable({ latest, withWho = false }: { latest: Activity[]; withWho?: boolean }) {
  if (latest.length === 0) return null;
  return (
    <Flex direction="column" gap="extra-small">
      <Heading>{text.title}</Heading>
      <Table density="condensed" bordered flush>
        <TableHead>
          <TableRow>
            <TableHeader width="min">{text.what}</TableHeader>
            {withWho ? <TableHeader>{text.who}</TableHeader> : null}
            <TableHeader>{text.email}</TableHeader>
            <TableHeader>{text.when}</TableHeader>
          </TableRow>
        </TableHead>
        <TableBody>
          {latest.map((activity, at) => (
            <ActivityRow key={at} activity={activity} withWho={withWho} />
          ))}
        </TableBody>
      </Table>
    </Flex>
  );
}

function ActivityRow({ activity, withWho }: { activity: Activity; withWho: boolean }) {
  const { time } = usePlatform();
  const { type, at, contact, message, subject, url, campaignUrl, bot, because, correction } = activity;
  return (
    <TableRow>
      <TableCell width="min">
        <StatusTag variant={bot ? 'default' : variants[type]} hollow={bot}>
          {words.types[type]}
        </StatusTag>
      </TableCell>
      {withWho ? (
        <TableCell>
          <Link href={{ url: contact.hubspotUrl, external: true }}>
            {contact.email === null ? text.unknownPerson : breakable(shorten(contact.email, longest.address))}
          </Link>
        </TableCell>
      ) : null}
      <TableCell>
        <Flex direction="column" gap="flush" align="start">
          <Text format={{ fontWeight: 'demibold' }}>
            {breakable(shorten(message ?? subject ?? text.noName, longest.name))}
          </Text>
          {subject === null || message === null ? null : (
            <Text variant="microcopy">{breakable(shorten(subject, longest.name))}</Text>
          )}
          {url === null ? null : (
            <Text variant="microcopy">
              {text.link}{' '}
              {isWebAddress(url) ? (
                <Link href={{ url, external: true }}>{breakable(shortUrl(url, longest.link))}</Link>
              ) : (
                breakable(shortUrl(url, longest.link))
              )}
            </Text>
          )}
          {campaignUrl === null ? null : (
            <Link href={{ url: campaignUrl, external: true }}>
              <Text variant="microcopy">{text.inKlaviyo(campaignUrl)}</Text>
            </Link>
          )}
          {bot ? <Tag variant="warning">{text.machine}</Tag> : null}
          {because === null ? null : <Text variant="microcopy">{because}</Text>}
          {correction === null ? null : <Text variant="microcopy">{correction}</Text>}
        </Flex>
      </TableCell>
      <TableCell>
        <Text variant="microcopy">{time(at)}</Text>
      </TableCell>
    </TableRow>
  );
}
