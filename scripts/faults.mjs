// Lets things go wrong with the service, the vendors and the database while people work, and judges what is left.
//   npm run test:faults -- --seed 7 --minutes 2 --runs 4 --shape three
// Odd seeds run one process, even ones three, unless told. A seed tells the same story again; when exactly each step
// meets the service is up to the machine. --log keeps what the service printed.
import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    minutes: { type: 'string', default: '1' },
    runs: { type: 'string', default: '1' },
    shape: { type: 'string' },
    log: { type: 'string' },
    calm: { type: 'string', default: '90' },
  },
});
const first = Number(values.seed);
let failed = 0;
for (let seed = first; seed < first + Number(values.runs); seed += 1) {
  const campaign = {
    seed,
    shape: values.shape ?? (seed % 2 === 1 ? 'one' : 'three'),
    forMs: Number(values.minutes) * 60_000,
    calmMs: Number(values.calm) * 1000,
    slowThings: true,
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
process.stdout.write(`${failed} of ${values.runs} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;
