import { Button, ErrorState, Flex, Link, Text } from '@hubspot/ui-extensions';
import { LoadedView } from './shared/LoadedView.js';
import { usePlatform } from './shared/platform.js';
import { useLoad } from './shared/use-load.js';
import { Screens } from './Screens.js';
import { words } from './words.js';

const text = words.problem;

/** Reads who is there, then shows the screens; without an installed app, how to install it again. */
export function App() {
  const { api } = usePlatform();
  const account = useLoad('account', () => api.account());
  if (account.problem?.code === 'not_installed')
    return (
      <ErrorState title={text.notInstalled} type="lock">
        <Flex direction="column" gap="small" align="center">
          <Text>{text.notInstalledFix}</Text>
          <Link href={{ url: api.installUrl, external: true }}>{text.install}</Link>
          <Button onClick={account.reload}>{words.common.retry}</Button>
        </Flex>
      </ErrorState>
    );
  return <LoadedView from={account}>{(known) => <Screens account={known} onChanged={account.reload} />}</LoadedView>;
}
