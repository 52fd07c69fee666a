import { expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { pino } from 'pino';
import { z } from 'zod';
import { watchDatabase } from '../../../server/metrics-of-database.js';
import { createMetrics } from '../../../server/metrics.js';
import { alertWords, issueWords } from '../../../server/rules/words.js';

const text = (path: string): Promise<string> => readFile(path, 'utf8');

/** Every metric that a process shows. */
async function shown(): Promise<Set<string>> {
  const { registry } = createMetrics();
  watchDatabase(registry, {
    read: () => Promise.resolve({ changesWaiting: 0, lag: [], issues: [], connections: [] }),
    depths: () => Promise.resolve({}),
    log: pino({ level: 'silent' }),
    now: () => 0,
  });
  return new Set([...(await registry.metrics()).matchAll(/^# HELP (\S+)/gm)].map(([, name]) => name!));
}

/** The metrics that an expression of Prometheus names. */
const named = (expression: string): string[] =>
  [...expression.matchAll(/\b(?:tandem|process|nodejs)_\w+/g)].map(([name]) =>
    /^tandem_\w+_seconds_(sum|count|bucket)$/.test(name) ? name.replace(/_(sum|count|bucket)$/, '') : name,
  );

/** The alert rules, read line by line: the file holds a rule's fields one a line, texts in quotes. */
const alertsOf = (yaml: string): { alert: string; expr: string; runbook: string }[] =>
  yaml
    .split(/^ +- alert: /m)
    .slice(1)
    .map((rule) => ({
      alert: /^\w+/.exec(rule)?.[0] ?? '',
      expr: /^ +expr: '(.+)'$/m.exec(rule)?.[1] ?? '',
      runbook: /^ +runbook_url: (\S+)$/m.exec(rule)?.[1] ?? '',
    }));
const dashboard = z.object({
  panels: z.array(z.object({ title: z.string(), targets: z.array(z.object({ expr: z.string() })) })).min(8),
});

test('what dashboard and alert rules watch is there, and each alert leads to what to do', async () => {
  const metrics = await shown();
  const alerts = alertsOf(await text('deploy/alert-rules.yaml'));
  expect(alerts.length).toBeGreaterThan(8);
  const { panels } = dashboard.parse(JSON.parse(await text('deploy/grafana-dashboard.json')));
  const expressions = [
    ...alerts.map(({ expr }) => expr),
    ...panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
  ];
  for (const expression of expressions) {
    expect([expression, named(expression).length > 0]).toEqual([expression, true]);
    expect(named(expression).filter((name) => !metrics.has(name))).toEqual([]);
  }
  // As GitHub makes an address of a heading.
  const headings = [...(await text('docs/operations.md')).matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\- ]/gu, '')
      .replaceAll(' ', '-'),
  );
  for (const { alert, runbook } of alerts) {
    const [file, anchor] = runbook.split('#');
    expect([alert, file, headings.includes(anchor ?? '')]).toEqual([alert, 'docs/operations.md', true]);
  }
});

test('every setting is documented from the schema that reads it, and .env.example names it', async () => {
  await promisify(execFile)(process.execPath, ['scripts/settings-docs.mjs', '--check']);
  const documented = [...(await text('docs/settings.md')).matchAll(/^\| `([A-Z_]+)`/gm)].map(([, name]) => name!);
  const example = [...(await text('.env.example')).matchAll(/^#?([A-Z_]+)=/gm)].map(([, name]) => name!);
  expect([...example].sort()).toEqual([...documented].sort());
});

test('F5: every code a person can meet stands in the operations guide with what to do', async () => {
  const guide = await text('docs/operations.md');
  const missing = [...Object.keys(issueWords), ...Object.keys(alertWords)].filter(
    (code) => !guide.includes(`\`${code}\``),
  );
  expect(missing).toEqual([]);
  const states = ['draft', 'initial_sync', 'active', 'paused', 'stopped', 'uninstalled', 'klaviyo_disconnected'];
  expect(states.filter((state) => !guide.includes(`\`${state}\``))).toEqual([]);
});
