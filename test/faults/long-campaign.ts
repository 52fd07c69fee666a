import { appendFile, writeFile } from 'node:fs/promises';
import { test } from '@jest/globals';
import { playCampaign, type Campaign } from './play-campaign.js';

// Not part of the suite: `npm run test:faults` plays it (scripts/faults.mjs).
const campaign = JSON.parse(process.env['TANDEM_CAMPAIGN'] ?? '{}') as Campaign & { log?: string; report: string };
const say = (text: string): void => void process.stdout.write(`${text}\n`);

test(`seed ${campaign.seed}, ${campaign.shape === 'one' ? 'one process' : 'three processes'}`, async () => {
  const { violations, story, output, ...rest } = await playCampaign(campaign);
  const line = JSON.stringify({ seed: campaign.seed, shape: campaign.shape, ...rest, violations: violations.length });
  say(line);
  await appendFile(campaign.report, `${line}\n`);
  if (campaign.log !== undefined) await writeFile(campaign.log, output);
  if (violations.length === 0) return;
  for (const { rule, what } of violations.slice(0, 30)) say(`${rule}: ${what}`);
  for (const line of story) say(line);
  const errors = output.split('\n').filter((line) => /"level":(50|60)/.test(line));
  for (const line of errors.slice(-8)) say(line.slice(0, 1200));
  throw new Error(`${violations.length} violations`);
}, 3_600_000);
