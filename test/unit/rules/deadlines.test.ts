import { expect, test } from '@jest/globals';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deadlines, nearDeadlines } from '../../../server/rules/deadlines.js';
import { apiVersion, timelineVersion } from '../../../server/vendors/hubspot/version.js';
import { revision } from '../../../server/vendors/klaviyo/version.js';

const before = (at: string, days: number): Date => new Date(Date.parse(at) - days * 86_400_000);

test.each(deadlines)(
  '$at: told from ninety days ahead on, and no sooner; past, it is told how long',
  ({ at, what }) => {
    const told = (now: Date) => nearDeadlines(now).find((one) => one.what === what)?.days;
    expect(told(before(at, 91))).toBeUndefined();
    expect(told(before(at, 90))).toBe(90);
    expect(told(before(at, -3))).toBe(-3);
  },
);

test('docs/deadlines.md has every date, and says when the first of them is', async () => {
  const page = await readFile('docs/deadlines.md', 'utf8');
  const dates = [...page.matchAll(/^\| (\d{4}-\d{2}-\d{2}) \|/gm)].map(([, at = '']) => at);
  expect(dates).toEqual(deadlines.map(({ at }) => at).sort());
  expect(page).toContain(`nothing is due before ${dates[0]}`);
});

test('each version that we name ends on a day that is known', () => {
  const known = deadlines.map(({ what }) => what).join(' ');
  for (const version of [apiVersion, timelineVersion, revision]) expect(known).toContain(version);
});

test('nothing is called by a path of HubSpot’s that ends in 2027', async () => {
  const folder = 'server/vendors/hubspot';
  const sources = await Promise.all((await readdir(folder)).map((name) => readFile(join(folder, name), 'utf8')));
  expect(sources.flatMap((text) => text.match(/[`'][^`'\s]*\/v[1-4]\/[^`'\s]*[`']/g) ?? [])).toEqual([]);
});
