import type { ReactNode } from 'react';
import { Alert, Button, ErrorState, Flex, Link, LoadingSpinner, Text } from '@hubspot/ui-extensions';
import { words } from '../words.js';
import { usePlatform } from './platform.js';
import type { Loaded } from './use-load.js';

const text = words.problem;

/** Draws what was read; a spinner before, and on failure what to do with a button to try again. */
export function LoadedCard<T>({ from, children }: { from: Loaded<T>; children: (data: T) => ReactNode }) {
  const { api } = usePlatform();
  const { data, problem, reload } = from;
  if (problem?.code === 'not_installed')
    return (
      <ErrorState title={text.notInstalled} type="lock">
        <Flex direction="column" gap="small" align="center">
          <Text>{text.notInstalledFix}</Text>
          <Link href={{ url: api.installUrl, external: true }}>{text.install}</Link>
          <Button onClick={reload}>{words.retry}</Button>
        </Flex>
      </ErrorState>
    );
  if (data === null && problem === null) return <LoadingSpinner label={words.loading} showLabel layout="centered" />;
  if (data === null)
    return (
      <ErrorState title={problem?.message ?? text.title}>
        <Flex direction="column" gap="small" align="center">
          <Text>{problem?.fix ?? text.tryAgain}</Text>
          <Button onClick={reload}>{words.retry}</Button>
        </Flex>
      </ErrorState>
    );
  return (
    <Flex direction="column" gap="medium">
      {problem === null ? null : (
        <Alert title={words.stale} variant="warning" testId="stale">
          <Flex direction="column" gap="extra-small" align="start">
            <Text>{`${problem.message} ${problem.fix}`}</Text>
            <Button size="xs" onClick={reload}>
              {words.retry}
            </Button>
          </Flex>
        </Alert>
      )}
      {children(data)}
    </Flex>
  );
}
