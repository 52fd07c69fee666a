import { Alert, Button, Flex, Link, Text } from '@hubspot/ui-extensions';
import type { Banner } from '../api-types.js';
import { words } from '../words.js';

const variantOf = (severity: string): 'danger' | 'warning' | 'info' =>
  severity === 'danger' || severity === 'warning' ? severity : 'info';

/** What needs a person, with what to do. */
export function Banners({ banners, onAccounts }: { banners: readonly Banner[]; onAccounts(): void }) {
  return (
    <>
      {banners.map(({ severity, message, fix, link }) => (
        <Alert key={`${message} ${fix}`} title={message} variant={variantOf(severity)}>
          <Flex direction="column" gap="extra-small">
            <Text>{fix}</Text>
            {link !== null ? (
              <Link href={{ url: link, external: true }}>
                {severity === 'danger' ? words.overview.fix : words.overview.readMore}
              </Link>
            ) : severity === 'danger' ? (
              // What is broken and has no page elsewhere is an account of ours.
              <Flex>
                <Button size="xs" onClick={onAccounts}>
                  {words.overview.toAccounts}
                </Button>
              </Flex>
            ) : null}
          </Flex>
        </Alert>
      ))}
    </>
  );
}
