import { useMemo, type ReactNode } from 'react';
import { ErrorState, Text } from '@hubspot/ui-extensions';
import { words } from '../words.js';
import { createPlatform, type CardActions, type CardContext } from './create-platform.js';
import { PlatformProvider } from './platform.js';

/** Gives a card its platform; says what is missing when the app was uploaded without its service's address. */
export function CardFrame(props: { context: CardContext; actions: CardActions; children: ReactNode }) {
  const { context, actions, children } = props;
  const platform = useMemo(() => createPlatform(context, actions), [context, actions]);
  if (platform === null)
    return (
      <ErrorState title={words.problem.notSetUp}>
        <Text>{words.problem.notSetUpFix}</Text>
      </ErrorState>
    );
  return <PlatformProvider value={platform}>{children}</PlatformProvider>;
}
