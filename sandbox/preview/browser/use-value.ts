import { useEffect, useRef, useState } from 'react';

/**
 * A field's value: what the extension says, shown at once as typed. The extension's answer comes a moment later, so a
 * field that waited for it, or took an answer to what was typed before, would lose letters.
 */
export function useValue<T>(given: T | undefined, otherwise: T): [T, (value: T) => void] {
  const [value, setValue] = useState<T>(given ?? otherwise);
  /** What was typed and is not answered yet, the oldest first. */
  const unanswered = useRef<string[]>([]);
  const key = JSON.stringify(given);
  useEffect(() => {
    if (given === undefined) return;
    const answered = unanswered.current.indexOf(key);
    unanswered.current = answered === -1 ? [] : unanswered.current.slice(answered + 1);
    // More was typed since: its answer is on the way.
    if (unanswered.current.length === 0) setValue(given);
    // Arrays are new with every message: compared by what they hold.
  }, [key]);
  const put = (typed: T): void => {
    if (given !== undefined) unanswered.current.push(JSON.stringify(typed));
    setValue(typed);
  };
  return [value, put];
}
