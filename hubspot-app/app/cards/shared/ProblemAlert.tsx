import { Alert, Text } from '@hubspot/ui-extensions';
import type { Problem } from '../api/problem.js';
import { words } from '../words.js';

/** What went wrong and what to do, where it happened. Draws nothing without a problem. */
export function ProblemAlert({ problem }: { problem: Problem | null }) {
  if (problem === null) return null;
  return (
    <Alert title={words.problem.title} variant="danger">
      <Text>{problem.message}</Text>
      <Text>{problem.fix}</Text>
    </Alert>
  );
}
