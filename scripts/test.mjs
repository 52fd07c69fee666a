/**
 * `npm test`: types, lint, format and all Jest tests; then, where the vendors' documents are at hand, the traffic those
 * tests made is judged against them. The static checks run beside Jest, which mostly waits. Each of them counts as
 * one; the last line is the sum.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const bin = (packagePath) => join(root, 'node_modules', packagePath);
const work = await mkdtemp(join(tmpdir(), 'tandem-npm-test-'));
const recorded = join(work, 'traffic');
const report = join(work, 'jest.json');

const children = new Set();
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    for (const child of children) child.kill(signal);
    process.exitCode = 1;
  });
}

/** Runs a Node program; its output is shown as it comes, or, with `quiet`, at its end and only when it failed. */
async function run(name, parameters, { quiet = false, environment = {} } = {}) {
  const started = performance.now();
  const child = spawn(process.execPath, parameters, {
    cwd: root,
    env: { ...process.env, ...environment },
    stdio: quiet ? ['ignore', 'pipe', 'pipe'] : 'inherit',
  });
  children.add(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (text) => (output += text));
  const passed = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code === 0));
  });
  children.delete(child);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  if (quiet)
    process.stdout.write(
      `${passed ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)\n${passed ? '' : `${output.trim()}\n`}`,
    );
  return passed;
}

const count = (passed) => ({ passed: passed ? 1 : 0, failed: passed ? 0 : 1 });

async function staticChecks() {
  return [
    count(await run('types and lint', [bin('oxlint/bin/oxlint')], { quiet: true })),
    count(
      await run('lint of extensions', [bin('eslint/bin/eslint.js'), 'hubspot-app', '--max-warnings=0'], {
        quiet: true,
      }),
    ),
    count(await run('format', [bin('oxfmt/bin/oxfmt'), '--check', '.'], { quiet: true })),
    count(await run('rules', [join(root, 'scripts/rules-coverage.mjs'), '--check'], { quiet: true })),
  ];
}

async function jest() {
  const passed = await run(
    'jest',
    [
      '--experimental-vm-modules',
      '--no-warnings',
      bin('jest/bin/jest.js'),
      '--ci',
      '--json',
      `--outputFile=${report}`,
      '--maxWorkers=3',
    ],
    // The stand-ins keep what they were asked, for the contract check below.
    { environment: { TANDEM_TEST_TRAFFIC: recorded } },
  );
  const result = JSON.parse(await readFile(report, 'utf8').catch(() => 'null'));
  if (result === null) return count(false);
  // A file that does not load has no tests to count: it counts as one. So does a failure outside of any test.
  const failed = result.numFailedTests + result.numRuntimeErrorTestSuites;
  return { passed: result.numPassedTests, failed: failed === 0 && !passed ? 1 : failed };
}

async function contract() {
  const check = join(root, 'test/contract/traffic.mjs');
  return existsSync(check) ? count(await run('contract', [check, recorded])) : { passed: 0, failed: 0 };
}

try {
  const results = [];
  const built = await run('build', [join(root, 'scripts/build.mjs')], { quiet: true });
  results.push(count(built));
  const [statics, tests] = await Promise.all([staticChecks(), built ? jest() : count(false)]);
  results.push(...statics, tests, await contract());
  const sum = (key) => results.reduce((total, result) => total + result[key], 0);
  if (sum('failed') > 0) process.exitCode = 1;
  process.stdout.write(`${sum('passed')} passed, ${sum('failed')} failed\n`);
} finally {
  await rm(work, { recursive: true, force: true });
}
