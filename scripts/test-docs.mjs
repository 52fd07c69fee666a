/**
 * `npm run test:docs`: runs every command of the documentation that takes too long for every change (demo, bench,
 * pictures, random days, faults), in small. The short ones run with `npm test`.
 */
import { spawn } from 'node:child_process';
import { how } from './docs/how-commands-run.mjs';
import { commandsOf, pages } from './docs/read-documentation.mjs';

const limitMs = 10 * 60_000;
const documented = new Set((await pages()).flatMap(({ text }) => commandsOf(text)));
const long = new Map();
for (const command of documented) {
  const found = how.find(([pattern]) => pattern.test(command))?.[1];
  if (found?.long !== undefined) long.set(found.long.join(' '), found);
}

/** Runs a command in a process group of its own, so that what it started ends with it. */
function run({ long: [program, ...parameters], until }) {
  return new Promise((resolve) => {
    const child = spawn(program, parameters, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    let printed = '';
    let isThere = false;
    const end = () => process.kill(-child.pid, 'SIGTERM');
    const timer = setTimeout(end, limitMs);
    const read = (text) => {
      printed += text;
      if (until !== undefined && !isThere && printed.includes(until)) {
        isThere = true;
        end();
      }
    };
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', read);
    child.once('close', (code) => {
      clearTimeout(timer);
      resolve({ passed: until === undefined ? code === 0 : isThere, printed });
    });
  });
}

let failed = 0;
for (const [command, rule] of long) {
  const started = performance.now();
  const { passed, printed } = await run(rule);
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  process.stdout.write(`${passed ? 'ok    ' : 'FAILED'} ${command} (${seconds} s)\n`);
  if (!passed) {
    failed += 1;
    process.stdout.write(`${printed.slice(-4000)}\n`);
  }
}
process.stdout.write(`${long.size - failed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 && long.size > 0 ? 0 : 1;
