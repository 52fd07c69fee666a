import { statSync } from 'node:fs';
import { sep } from 'node:path';

/** Kinds of tests, the longest first. */
const kinds = ['journeys', 'browser', 'integration', 'contract', 'unit'];

/**
 * In which order test files run: what takes long goes first, so that at the end no core waits for a single file. On a
 * machine that has not run them before Jest would go by the size of the files, and the shortest ones play the longest
 * stories.
 */
export default class LongestFirst {
  sort(tests) {
    const kind = ({ path }) => {
      const at = kinds.findIndex((name) => path.includes(`${sep}test${sep}${name}${sep}`));
      return at < 0 ? kinds.length : at;
    };
    const size = ({ path }) => statSync(path).size;
    return [...tests].sort((one, other) => kind(one) - kind(other) || size(other) - size(one));
  }

  allFailedTests(tests) {
    return tests;
  }

  cacheResults() {}

  shard(tests) {
    return tests;
  }
}
