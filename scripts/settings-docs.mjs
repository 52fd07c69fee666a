/**
 * Writes docs/settings.md from the schema that checks the environment, so that what is documented is what is read.
 *
 *   npm run settings:docs              writes the file
 *   npm run settings:docs -- --check   exit status 1 when the file is stale
 */
import { readFile, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { settings } from '../build/server/config.js';

const file = new URL('../docs/settings.md', import.meta.url);
const { properties, required } = z.toJSONSchema(settings, { io: 'input', unrepresentable: 'any' });
const without = (name) => {
  const { success, data } = settings.shape[name].safeParse(undefined);
  return success && data !== undefined ? `\`${data}\`` : '';
};
const must = new Set(required);
const rows = Object.entries(properties).map(([name, property]) => {
  const standing = must.has(name) ? '**required**' : without(name);
  const choice = property.enum === undefined ? '' : ` One of ${property.enum.map((one) => `\`${one}\``).join(', ')}.`;
  return `| \`${name}\` | ${standing} | ${property.description ?? ''}${choice} |`;
});
const text = `# Settings

**Bottom line: ${must.size} settings are required, every other has a default or may be left out.** A \`.env\` in the working
folder is read; variables that are set win. All are checked at the start, and every wrong one is named in one message.
Made from the schema in \`server/config.ts\` by \`npm run settings:docs\`; do not edit.

| setting | default | what it does |
|---|---|---|
${rows.join('\n')}
`;
if (process.argv.includes('--check')) {
  const now = await readFile(file, 'utf8').catch(() => '');
  if (now !== text) {
    process.stderr.write('docs/settings.md is stale: run npm run settings:docs\n');
    process.exitCode = 1;
  }
} else {
  await writeFile(file, text);
  process.stdout.write(`docs/settings.md: ${rows.length} settings\n`);
}
