import { Flex, ProgressBar, Text } from '@hubspot/ui-extensions';
import type { Run } from '../api-types.js';
import { words } from '../words.js';
import { usePlatform } from '../shared/platform.js';

const text = words.connection;

/** How far a run is, how fast it goes and how long the rest will take. */
export function RunProgress({ run, what }: { run: Run; what: string }) {
  const { number } = usePlatform();
  const pace = [
    ...(run.ratePerSecond > 0
      ? [text.rate(number(run.ratePerSecond < 10 ? run.ratePerSecond : Math.round(run.ratePerSecond)))]
      : []),
    ...(run.estimatedSeconds === null ? [] : [text.left(words.common.duration(run.estimatedSeconds))]),
  ].join(', ');
  // A run over everybody reads both sides before it works on anybody.
  const read = run.counts?.['read'] ?? 0;
  const title = `${text.run(run.kind)} · ${text.runState(run.state)}`;
  return (
    <Flex direction="column" gap="extra-small">
      {run.total === null ? (
        <Text>{`${title}: ${run.done === 0 && read > 0 ? text.reading(number(read)) : text.doneOpen(number(run.done), what)}`}</Text>
      ) : (
        <ProgressBar
          title={title}
          value={run.done}
          // A run of nobody is done, not undefined.
          maxValue={Math.max(run.total, run.done, 1)}
          showPercentage
          valueDescription={text.done(number(run.done), number(run.total), what)}
        />
      )}
      {pace === '' ? null : <Text variant="microcopy">{pace}</Text>}
    </Flex>
  );
}
