import { useSyncExternalStore } from 'react';

/** Which modals and panels are open. HubSpot opens them when their button is pressed and closes them by their id. */
let open: readonly string[] = [];
const watchers = new Set<() => void>();
const tell = (): void => {
  for (const watcher of watchers) watcher();
};

export function openOverlay(id: string): void {
  if (open.includes(id)) return;
  open = [...open, id];
  tell();
}
export function closeOverlay(id: string): void {
  open = open.filter((one) => one !== id);
  tell();
}
export function useIsOpen(id: string): boolean {
  return useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => open.includes(id),
  );
}
