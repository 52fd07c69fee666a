import { readdir, readFile } from 'node:fs/promises';

/** Programs that a piece of code in a sentence may call: then it is a command. */
const programs =
  /^(?:[A-Z_]+=\S+ )*(npm|npx|node|docker|hs|sudo|curl|psql|pg_dump|pg_restore|git|printf|echo|cd)(?=\s)/;

/** The pages people read, by their path. */
export async function pages() {
  const inDocs = (await readdir('docs', { recursive: true })).filter((name) => name.endsWith('.md'));
  // Made by `npm run rules`: names of tests, no advice.
  const written = inDocs.map((name) => `docs/${name}`).filter((name) => name !== 'docs/rules-coverage.md');
  const all = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md', ...written.sort()];
  return Promise.all(all.map(async (path) => ({ path, text: await readFile(path, 'utf8') })));
}

/** Blocks of code of one language, without their comments. */
export const blocks = (text, language) =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(([, code]) => code);

/** Pieces of code in sentences and tables. */
export const pieces = (text) =>
  [...text.replace(/^```[\s\S]*?^```$/gm, '').matchAll(/`([^`\n]+)`/g)].map(([, code]) => code);

/** Every command of a page, once. */
export function commandsOf(text) {
  const lines = blocks(text, 'sh').flatMap((code) => code.split('\n'));
  const found = [...lines, ...pieces(text).filter((code) => programs.test(code))]
    .map((line) => line.replace(/\s+#.*$/, '').trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  return [...new Set(found.flatMap((line) => line.split(' && ')))];
}
