import { useEffect, useRef, useState } from 'react';
import type { Problem } from '../api/problem.js';
import type { ContactAnswer } from '../card-types.js';
import { usePlatform } from '../shared/platform.js';
import { useAction } from '../shared/use-action.js';
import type { Loaded } from '../shared/use-load.js';
import { words } from '../words.js';

/** A sync that takes longer than this goes on without the person. */
const longMs = 20_000;

export interface SyncNow {
  start(): void;
  /** From the press until the service has looked at the contact. */
  busy: boolean;
  /** It waits for longer than a person does. */
  long: boolean;
  problem: Problem | null;
}

/** "Sync now": asks for it, follows the contact until it was looked at, then says what came of it. */
export function useSyncNow(from: Loaded<ContactAnswer>): SyncNow {
  const { api, recordId, tell, refreshRecord, after } = usePlatform();
  const { data, problem } = from;
  /** What was known when it was asked for; null while nothing is asked. */
  const [before, setBefore] = useState<ContactAnswer | null>(null);
  const [long, setLong] = useState(false);
  const known = useRef(data);
  known.current = data;
  const asking = useAction(async () => {
    await api.syncContact(recordId);
    setLong(false);
    setBefore(known.current);
    from.reload();
  });
  useEffect(() => {
    if (before === null || data === null || data === before) return;
    if (data.sync.state === 'waiting') return;
    setBefore(null);
    tell(
      data.sync.state === 'in_sync' ? 'success' : 'info',
      data.sync.state === 'in_sync' ? words.synced : words.syncedState(data.sync.state),
    );
    refreshRecord();
  }, [before, data, tell, refreshRecord]);
  useEffect(() => (before === null ? undefined : after(longMs, () => setLong(true))), [before, after]);
  // When the card can no longer look, it must not say for ever that it is at it.
  const following = before !== null && problem === null;
  return {
    start: asking.start,
    busy: asking.busy || (following && !long),
    long: following && long,
    problem: asking.problem,
  };
}
