// Lets things go wrong with the service, the vendors and the database while people work, and judges what is left.
//   npm run test:faults -- --seed 7 --minutes 2 --runs 4 --shape three
// Odd seeds run one process, even ones three, unless told. A seed tells the same story again; when exactly each step
// meets the service is up to the machine. --log keeps what the service printed. --report names a file that collects a
// line of figures for each campaign: the sums printed at the end are over all its lines, those of former calls too.
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    minutes: { type: 'string', default: '1' },
    runs: { type: 'string', default: '1' },
    shape: { type: 'string' },
    log: { type: 'string' },
    report: { type: 'string' },
    calm: { type: 'string', default: '90' },
  },
});
const first = Number(values.seed);
const folder = await mkdtemp(join(tmpdir(), 'tandem-faults-'));
const report = values.report === undefined ? join(folder, 'report.jsonl') : resolve(values.report);
let failed = 0;
for (let seed = first; seed < first + Number(values.runs); seed += 1) {
  const campaign = {
    seed,
    shape: values.shape ?? (seed % 2 === 1 ? 'one' : 'three'),
    forMs: Number(values.minutes) * 60_000,
    calmMs: Number(values.calm) * 1000,
    slowThings: true,
    report,
    ...(values.log === undefined ? {} : { log: resolve(values.log) }),
  };
  const code = await new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      [
        '--experimental-vm-modules',
        '--no-warnings',
        'node_modules/jest/bin/jest.js',
        '--testMatch',
        '<rootDir>/test/faults/long-campaign.ts',
      ],
      { stdio: 'inherit', env: { ...process.env, TANDEM_CAMPAIGN: JSON.stringify(campaign) } },
    );
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) failed += 1;
}
const campaigns = (await readFile(report, 'utf8').catch(() => ''))
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line));
await rm(folder, { recursive: true, force: true });
for (const [title, key] of [
  ['What people did', 'done'],
  ['What struck', 'struck'],
  ['What was judged', 'judged'],
]) {
  const sums = {};
  for (const campaign of campaigns)
    for (const [what, count] of Object.entries(campaign[key])) sums[what] = (sums[what] ?? 0) + count;
  const total = Object.values(sums).reduce((sum, count) => sum + count, 0);
  process.stdout.write(`${title}, in ${campaigns.length} campaigns: ${total}\n`);
  for (const [what, count] of Object.entries(sums).sort(([a], [b]) => a.localeCompare(b)))
    process.stdout.write(`  ${String(count).padStart(8)}  ${what}\n`);
}
process.stdout.write(`${failed} of ${values.runs} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;
