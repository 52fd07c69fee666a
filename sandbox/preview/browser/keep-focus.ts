/**
 * Keeps the keyboard on the page: an extension cannot set the focus, so when it takes away or disables what has it (a step
 * of a set-up gives way to the next), its frame gets it, and Tab goes on at its beginning. Answers how to stop.
 */
export function keepFocus(frame: HTMLElement): () => void {
  let holder: Element | null = null;
  const note = (event: FocusEvent): void => {
    holder = event.target instanceof Element ? event.target : null;
  };
  const watcher = new MutationObserver(() => {
    if (holder === null || (holder.isConnected && !holder.matches(':disabled'))) return;
    // A browser lets go of what is gone at once, and of what is disabled a moment later.
    if (document.activeElement === document.body || document.activeElement === holder)
      frame.focus({ preventScroll: true });
    holder = null;
  });
  frame.addEventListener('focusin', note);
  watcher.observe(frame, { childList: true, subtree: true, attributeFilter: ['disabled'] });
  return () => {
    frame.removeEventListener('focusin', note);
    watcher.disconnect();
  };
}
