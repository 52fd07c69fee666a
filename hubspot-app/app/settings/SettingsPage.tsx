import { useMemo } from 'react';
import {
  ErrorState,
  hubspot,
  Text,
  type ExtensionPointApiActions,
  type ExtensionPointApiContext,
} from '@hubspot/ui-extensions';
import { App } from './App.js';
import { createPlatform } from './create-platform.js';
import { PlatformProvider } from './shared/platform.js';
import { words } from './words.js';

hubspot.extend<'settings'>(({ context, actions }) => <SettingsPage context={context} actions={actions} />);

/** The app's settings page in HubSpot. */
export function SettingsPage(props: {
  context: ExtensionPointApiContext<'settings'>;
  actions: ExtensionPointApiActions<'settings'>;
}) {
  const { context, actions } = props;
  const platform = useMemo(() => createPlatform(context, actions), [context, actions]);
  if (platform === null)
    return (
      <ErrorState title={words.problem.notSetUp}>
        <Text>{words.problem.notSetUpFix}</Text>
      </ErrorState>
    );
  return (
    <PlatformProvider value={platform}>
      <App />
    </PlatformProvider>
  );
}
