import { useState } from 'react';
import {
  Accordion,
  Alert,
  Button,
  Divider,
  Flex,
  Form,
  Heading,
  Input,
  Link,
  LoadingButton,
  Select,
  Text,
} from '@hubspot/ui-extensions';
import type { KlaviyoAccount } from '../api-types.js';
import { words } from '../words.js';
import { usePlatform } from '../shared/platform.js';
import { ProblemAlert } from '../shared/ProblemAlert.js';
import { useAction } from '../shared/use-action.js';
import { OauthConnect } from './OauthConnect.js';

const text = words.setup.connect;

/** Connects a Klaviyo account by key or login, or chooses one that is connected. */
export function ConnectStep(props: {
  accounts: readonly KlaviyoAccount[];
  chosen: string | null;
  /** `connected`: somebody just connected this one. */
  onChoose(account: KlaviyoAccount, connected: boolean): void;
  /** Opens with the key field though accounts are connected. */
  adding?: boolean;
  /** A draft exists: it stays with its account. */
  fixed?: boolean;
  onCancel?: () => void;
}) {
  const { api, tell } = usePlatform();
  const usable = props.accounts.filter(({ state }) => state === 'connected');
  const [adding, setAdding] = useState(props.adding === true || usable.length === 0);
  const [key, setKey] = useState('');
  const [missing, setMissing] = useState(false);
  const connected = (account: KlaviyoAccount): void => {
    setKey('');
    setAdding(false);
    tell('success', text.connected(account.name));
    props.onChoose(account, true);
  };
  const connecting = useAction(async () => connected(await api.connectKlaviyo(key.trim())));
  const connect = (): void => {
    setMissing(key.trim() === '');
    if (key.trim() !== '') connecting.start();
  };

  if (props.fixed === true)
    return (
      <Flex direction="column" gap="medium">
        <Heading>{text.known}</Heading>
        <Text>{props.accounts.find(({ id }) => id === props.chosen)?.name ?? ''}</Text>
        <Text variant="microcopy">{text.fixed}</Text>
      </Flex>
    );
  if (!adding)
    return (
      <Flex direction="column" gap="medium">
        <Heading>{text.which}</Heading>
        <Select
          name="klaviyo-account"
          label={text.choose}
          placeholder={text.chooseOne}
          value={props.chosen ?? ''}
          options={usable.map(({ id, name }) => ({ value: id, label: name }))}
          onChange={(id) => {
            const account = usable.find((one) => one.id === id);
            if (account !== undefined) props.onChoose(account, false);
          }}
        />
        <Flex>
          <Button onClick={() => setAdding(true)}>{text.another}</Button>
        </Flex>
      </Flex>
    );
  return (
    <Flex direction="column" gap="medium">
      <Heading>{text.title}</Heading>
      <Text>{text.intro}</Text>
      <Form onSubmit={connect} preventDefault autoComplete="off">
        <Flex direction="column" gap="small">
          <Input
            name="klaviyo-key"
            type="password"
            label={text.key}
            placeholder={text.keyPlaceholder}
            value={key}
            onInput={setKey}
            onChange={setKey}
            error={missing}
            {...(missing ? { validationMessage: text.keyMissing } : {})}
          />
          <ProblemAlert problem={connecting.problem} />
          <Flex>
            <LoadingButton variant="primary" type="submit" loading={connecting.busy} testId="connect-key">
              {text.connect}
            </LoadingButton>
          </Flex>
        </Flex>
      </Form>
      <Alert title={text.whereTitle} variant="info">
        <Text>{text.where}</Text>
        <Link href={{ url: 'https://www.klaviyo.com/settings/account/api-keys', external: true }}>
          {text.openKlaviyo}
        </Link>
      </Alert>
      <Accordion title={text.scopesTitle} size="sm">
        <Text>{text.scopes}</Text>
      </Accordion>
      <Divider />
      <OauthConnect accounts={props.accounts} onConnected={connected} />
      {usable.length > 0 || props.onCancel !== undefined ? (
        <Flex>
          <Button variant="transparent" onClick={props.onCancel ?? (() => setAdding(false))}>
            {words.common.cancel}
          </Button>
        </Flex>
      ) : null}
    </Flex>
  );
}
