// Plays random operations over both stand-ins and the service, and judges what is left when all is quiet.
//   npm run test:random -- --seed 7 --ops 3000 --scenario lists --runs 5 --shorten 600
// A seed and a number of operations tell the same story again; --shorten takes seconds to look for a shorter one.
import { spawn } from 'node:child_process';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    ops: { type: 'string', default: '2000' },
    scenario: { type: 'string' },
    runs: { type: 'string', default: '1' },
    shorten: { type: 'string', default: '0' },
    calm: { type: 'string', default: '90' },
  },
});
const first = Number(values.seed);
let failed = 0;
for (let seed = first; seed < first + Number(values.runs); seed += 1) {
  const scenario = values.scenario ?? (seed % 2 === 1 ? 'everybody' : 'lists');
  const what = {
    seed,
    ops: Number(values.ops),
    scenario,
    shortenMs: Number(values.shorten) * 1000,
    calmMs: Number(values.calm) * 1000,
  };
  const code = await new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      [
        '--experimental-vm-modules',
        '--no-warnings',
        'node_modules/jest/bin/jest.js',
        '--testMatch',
        '<rootDir>/test/random/long-run.ts',
      ],
      { stdio: 'inherit', env: { ...process.env, TANDEM_RANDOM: JSON.stringify(what) } },
    );
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) failed += 1;
}
process.stdout.write(`${failed} of ${values.runs} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;
