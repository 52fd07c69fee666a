/**
 * Judges the traffic that the suite recorded by the vendors' own OpenAPI documents, where the contract kit lies beside the
 * project: requests by the service, and answers by the stand-ins. A violation fails the run. What a test sent badly on
 * purpose is marked (`x-sandbox-deliberate`) and not recorded.
 *
 *   node test/contract/traffic.mjs <folder with .jsonl files>
 */
import { existsSync, readdirSync } from 'node:fs';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';

const kit = fileURLToPath(new URL('../../../shared/contract/contract.mjs', import.meta.url));
const folder = process.argv[2] ?? '';
if (!existsSync(kit)) {
  process.stdout.write('contract: the vendors’ documents are not here, nothing judged\n');
  process.exit(0);
}
const { validate } = await import(pathToFileURL(kit).href);

const errors = (exchange) =>
  validate(exchange).filter(
    (violation) => violation.severity === 'error' && !sparse(exchange, violation) && !undocumented(exchange, violation),
  );

/**
 * What the kit's documents cannot judge: uninstalling by the app has a document of its own that is not among them (CRM
 * App Uninstalls, 2026-09), pipelines too (CRM Pipelines, 2026-09), and where a document gives `default` alone it says
 * nothing of any single status.
 */
function undocumented({ url }, { rule, message }) {
  if (rule === 'path-unknown') return /^\/(appinstalls|crm\/pipelines)\//.test(new URL(url, 'http://vendor').pathname);
  return rule === 'status-unknown' && /is not among default$/.test(message);
}

/** A call that names the fields it wants gets those alone, required ones or not; the documents do not say so. */
function sparse({ url }, { side, rule, where }) {
  const asked = [...new URL(url, 'http://vendor').searchParams.keys()].some((name) => name.startsWith('fields['));
  return asked && side === 'response' && rule === 'schema:required' && where.includes('/attributes');
}

/**
 * HubSpot's stored 2026-09 documents are older than its 2026-03 ones, which list answers that the former leave out (200
 * of the token endpoint, 207 of batches). What the younger document of the same call allows is no violation.
 */
function judge(exchange) {
  const found = errors(exchange);
  if (found.length === 0 || exchange.vendor !== 'hubspot' || !exchange.url.includes('/2026-09/')) return found;
  const younger = new Set(
    errors({ ...exchange, url: exchange.url.replace('/2026-09/', '/2026-03/') }).map(
      ({ side, rule, where }) => `${side} ${rule} ${where}`,
    ),
  );
  return found.filter(({ side, rule, where }) => younger.has(`${side} ${rule} ${where}`));
}

let exchanges = 0;
const violations = new Map();
const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.jsonl')) : [];
for (const file of files) {
  for await (const line of createInterface({ input: createReadStream(join(folder, file)) })) {
    if (line === '') continue;
    const exchange = JSON.parse(line);
    exchanges += 1;
    for (const violation of judge(exchange)) {
      const key = `${violation.vendor} ${violation.operation ?? exchange.url} ${violation.side} ${violation.rule} ${violation.where}`;
      const known = violations.get(key) ?? { count: 0, message: violation.message, status: exchange.status };
      violations.set(key, { ...known, count: known.count + 1 });
    }
  }
}
for (const [key, { count, message, status }] of violations)
  process.stdout.write(`contract: ${key} (${count} ×, status ${status}): ${message}\n`);
process.stdout.write(`contract: ${exchanges} exchanges judged, ${violations.size} violations\n`);
// No traffic at all means that nothing was proved.
process.exitCode = violations.size === 0 && exchanges > 0 ? 0 : 1;
