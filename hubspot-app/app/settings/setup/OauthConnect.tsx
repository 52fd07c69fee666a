import { useEffect, useRef, useState } from 'react';
import { Button, Flex, LoadingButton, LoadingSpinner, Text } from '@hubspot/ui-extensions';
import type { KlaviyoAccount } from '../api-types.js';
import { words } from '../words.js';
import { usePlatform } from '../shared/platform.js';
import { ProblemAlert } from '../shared/ProblemAlert.js';
import { useAction } from '../shared/use-action.js';
import { useLoad } from '../shared/use-load.js';

const text = words.setup.connect;
const askAgainMs = 2_000;

/** Connects by logging in to Klaviyo in another tab, and notices by itself when that is done. */
export function OauthConnect(props: {
  accounts: readonly KlaviyoAccount[];
  onConnected(account: KlaviyoAccount): void;
}) {
  const { api } = usePlatform();
  const [url, setUrl] = useState<string | null>(null);
  const before = useRef(new Set(props.accounts.filter(({ state }) => state === 'connected').map(({ id }) => id)));
  const preparing = useAction(async () => setUrl((await api.klaviyoOauthLink()).url));
  const waiting = useLoad(
    url ?? 'not asked',
    async () => (url === null ? null : await api.account()),
    () => (url === null ? null : askAgainMs),
  );
  const arrived = waiting.data?.klaviyoAccounts.find(
    ({ id, state }) => state === 'connected' && !before.current.has(id),
  );
  const { onConnected } = props;
  useEffect(() => {
    if (arrived !== undefined) onConnected(arrived);
    // Told once an account: the function is another with every drawing.
  }, [arrived?.id]);

  return (
    <Flex direction="column" gap="small">
      <Text>{text.or}</Text>
      <ProblemAlert problem={preparing.problem} />
      {url === null ? (
        <Flex>
          <LoadingButton loading={preparing.busy} onClick={() => preparing.start()}>
            {text.oauth}
          </LoadingButton>
        </Flex>
      ) : (
        <Flex direction="column" gap="small">
          <Flex>
            <Button variant="primary" href={{ url, external: true }}>
              {text.oauthGo}
            </Button>
          </Flex>
          <LoadingSpinner label={text.oauthWaiting} showLabel />
        </Flex>
      )}
    </Flex>
  );
}
