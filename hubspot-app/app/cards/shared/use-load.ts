import { useCallback, useEffect, useRef, useState } from 'react';
import { asProblem, type Problem } from '../api/problem.js';
import { usePlatform } from './platform.js';

/** What is known so far: nothing yet, data, a problem, or old data with a problem in refreshing it. */
export interface Loaded<T> {
  data: T | null;
  problem: Problem | null;
  /** Reads again; data stays until the new is there. */
  reload(): void;
}

/**
 * Reads when `key` changes, and again every `everyMs(data)` milliseconds if that is a number. Answers of an earlier key
 * are dropped, so that a slow one never overwrites a newer one.
 */
export function useLoad<T>(
  key: string,
  load: () => Promise<T>,
  everyMs?: (data: T | null) => number | null,
): Loaded<T> {
  const { after } = usePlatform();
  const [state, setState] = useState<{ key: string; data: T | null; problem: Problem | null }>({
    key,
    data: null,
    problem: null,
  });
  const [turn, setTurn] = useState(0);
  // The newest functions, without reading again only because the card was drawn again.
  const latest = useRef({ load, everyMs });
  latest.current = { load, everyMs };

  useEffect(() => {
    let current = true;
    let cancel = (): void => undefined;
    const read = async (): Promise<void> => {
      let known: T | null = null;
      try {
        const data = await latest.current.load();
        known = data;
        if (current) setState({ key, data, problem: null });
      } catch (thrown) {
        if (current)
          setState((before) => ({ key, data: before.key === key ? before.data : null, problem: asProblem(thrown) }));
      }
      const wait = latest.current.everyMs?.(known) ?? null;
      if (current && wait !== null) cancel = after(wait, () => void read());
    };
    void read();
    return () => {
      current = false;
      cancel();
    };
  }, [key, turn, after]);

  const reload = useCallback(() => setTurn((before) => before + 1), []);
  return state.key === key ? { ...state, reload } : { data: null, problem: null, reload };
}
