import type { ReactNode } from 'react';
import { Button, ErrorState, Flex, LoadingSpinner, Text } from '@hubspot/ui-extensions';
import { words } from '../words.js';
import { ProblemAlert } from './ProblemAlert.js';
import type { Loaded } from './use-load.js';

/** Draws what was read; a spinner before, and on failure what to do with a button to try again. */
export function LoadedView<T>({ from, children }: { from: Loaded<T>; children: (data: T) => ReactNode }) {
  if (from.data === null && from.problem === null)
    return <LoadingSpinner label={words.common.loading} showLabel layout="centered" />;
  if (from.data === null)
    return (
      <ErrorState title={from.problem?.message ?? words.problem.title}>
        <Flex direction="column" gap="small" align="center">
          <Text>{from.problem?.fix ?? words.problem.tryAgain}</Text>
          <Button onClick={from.reload}>{words.common.retry}</Button>
        </Flex>
      </ErrorState>
    );
  return (
    <Flex direction="column" gap="medium">
      {from.problem === null ? null : <ProblemAlert problem={from.problem} title={words.common.stale} />}
      {children(from.data)}
    </Flex>
  );
}
