import { useState } from 'react';
import { asProblem, type Problem } from '../api/problem.js';

export interface Action<Given extends unknown[]> {
  /** Does it, unless it is being done; what goes wrong is in `problem`. */
  start(...given: Given): void;
  busy: boolean;
  problem: Problem | null;
  forget(): void;
}

/** Something a button does: busy while it is done, with the problem if it fails. */
export function useAction<Given extends unknown[]>(act: (...given: Given) => Promise<void>): Action<Given> {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const start = (...given: Given): void => {
    if (busy) return;
    setBusy(true);
    setProblem(null);
    act(...given)
      .catch((thrown: unknown) => setProblem(asProblem(thrown)))
      .finally(() => setBusy(false));
  };
  return { start, busy, problem, forget: () => setProblem(null) };
}
