// Lists each rule of the contact sync with the tests that name it, as docs/rules-coverage.md. `--check` writes nothing and
// fails when a rule has no test; a page that is behind is said, and made anew with the next change.
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { format } from 'prettier';

const page = 'docs/rules-coverage.md';
const rules = JSON.parse(await readFile('docs/rules.json', 'utf8'));
const files = (await readdir('test', { recursive: true }))
  // What tests of the stand-ins say proves nothing of the service.
  .filter((name) => /\.test\.tsx?$/.test(name) && !name.startsWith(join('integration', 'sandbox')))
  .map((name) => join('test', name))
  .sort();

/** Names of tests: the first text of test(…), test.each(…)(…), it(…) and describe(…), and names in tables of cases. */
const named =
  /(?:\b(?:test|it|describe)(?:\.\w+)*\s*\(\s*|\)\(\s*|\[\s*)(['"`])((?:\[?[A-G]\d+(?:[/, ]+[A-G]\d+)*\]?)[^'"`\n]*)\1/g;
const byRule = new Map(Object.keys(rules).map((rule) => [rule, []]));
for (const file of files) {
  const text = await readFile(file, 'utf8');
  for (const [, , name = ''] of text.matchAll(named)) {
    const head = /^\[?([A-G]\d+(?:[/, ]+[A-G]\d+)*)\]?/.exec(name)?.[1] ?? '';
    for (const rule of head.split(/[/, ]+/)) byRule.get(rule)?.push({ file, name: name.replace(/^[^:]*:\s*/, '') });
  }
}
const missing = [...byRule].filter(([, tests]) => tests.length === 0).map(([rule]) => rule);
const lines = [
  '# Rules and the tests that prove them',
  '',
  'Made by `npm run rules`; the test run fails when a rule has no test.',
  '',
];
for (const [rule, tests] of byRule) {
  lines.push(`## ${rule} ${rules[rule]}`, '');
  const seen = new Set();
  for (const { file, name } of tests) {
    const line = `- ${name.replaceAll('|', '\\|').replaceAll('<', '&lt;')} ([${relative('test', file)}](../${file}))`;
    if (!seen.has(line)) lines.push(line);
    seen.add(line);
  }
  lines.push('');
}
const made = await format(lines.join('\n'), { parser: 'markdown', proseWrap: 'preserve' });
if (process.argv.includes('--check')) {
  const kept = await readFile(page, 'utf8').catch(() => '');
  if (missing.length > 0) process.stderr.write(`Rules without a test: ${missing.join(', ')}\n`);
  if (kept !== made) process.stderr.write(`${page} is stale: run npm run rules\n`);
  process.exit(missing.length > 0 ? 1 : 0);
}
await writeFile(page, made);
process.stdout.write(`${page}: ${byRule.size} rules, without a test: ${missing.join(', ') || 'none'}\n`);
