import { expect } from '@jest/globals';
import { Button, Link, LoadingButton, Tabs } from '@hubspot/ui-extensions';
import { createRenderer } from '@hubspot/ui-extensions/testing';
import { App } from '../../../hubspot-app/app/settings/App.js';
import { PlatformProvider } from '../../../hubspot-app/app/settings/shared/platform.js';
import { drawnText, eventually, type Stand } from './settings-stand.js';

/** The page over a stand, as a person opens it. */
export function openPage(stand: Stand) {
  const renderer = createRenderer('settings');
  renderer.render(
    <PlatformProvider value={stand.platform}>
      <App />
    </PlatformProvider>,
  );
  return renderer;
}
export type Page = ReturnType<typeof openPage>;

export const labelled = (label: string) => (node: { text: string | null }) => node.text === label;

/** Waits until the text is somewhere on the page. */
export const sees = (page: Page, text: string): Promise<void> =>
  eventually(() => expect(drawnText(page.getRootNode())).toContain(text));

/** Presses the first button or link of that label, once it is there. */
export async function press(page: Page, label: string): Promise<void> {
  const link = () => page.maybeFind(Button, labelled(label)) ?? page.maybeFind(Link, labelled(label));
  await eventually(() => link() ?? page.find(LoadingButton, labelled(label)));
  const plain = link();
  if (plain !== null) plain.trigger('onClick');
  else page.find(LoadingButton, labelled(label)).trigger('onClick');
}

/** Presses “Next”, once the step before is done. */
export async function next(page: Page): Promise<void> {
  await eventually(() => expect(page.findByTestId(LoadingButton, 'next').props.loading).toBe(false));
  page.findByTestId(LoadingButton, 'next').trigger('onClick');
}

/** Opens the tab of that id. */
export async function openTab(page: Page, id: string): Promise<void> {
  await eventually(() => page.find(Tabs));
  page.find(Tabs).trigger('onSelectedChange', id as never);
  await eventually(() => expect(page.find(Tabs).props.selected).toBe(id));
}

/** The modal that a button of that label opens. */
export async function modalOf(page: Page, label: string) {
  await eventually(() => page.find(Button, labelled(label)));
  const find = () => {
    const { overlay } = page.find(Button, labelled(label)).props;
    if (overlay === undefined) throw new Error(`“${label}” opens nothing.`);
    return overlay;
  };
  return {
    text: () => drawnText(find()),
    confirm: () => find().find(LoadingButton).trigger('onClick'),
    find,
  };
}
