import { useEffect, useState } from 'react';

/**
 * A field's value: what the extension says, shown at once as typed. The extension's answer comes a moment later, so a
 * field that waited for it would lose letters.
 */
export function useValue<T>(given: T | undefined, otherwise: T): [T, (value: T) => void] {
  const [value, setValue] = useState<T>(given ?? otherwise);
  const key = JSON.stringify(given);
  useEffect(() => {
    if (given !== undefined) setValue(given);
    // Arrays are new with every message: compared by what they hold.
  }, [key]);
  return [value, setValue];
}
