import { expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { pino } from 'pino';
import { z } from 'zod';
import { watchDatabase } from '../../../server/metrics-of-database.js';
import { createMetrics } from '../../../server/metrics.js';
import { klaviyoScopes } from '../../../server/oauth/scopes.js';
import { alertWords, issueWords, standingReasons } from '../../../server/rules/words.js';

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

test('what the guide tells operators to watch is watched: each metric on the dashboard, and its trouble in an alert', async () => {
  const guide = await text('docs/operations.md');
  const table = guide.slice(guide.indexOf('## Is it well?'), guide.indexOf('## States of a connection'));
  const watched = [...table.matchAll(/^\| `(tandem_\w+)`/gm)].map(([, name]) => name!);
  const shownNow = [...(await shown())].filter((name) => name.startsWith('tandem_'));
  expect(watched.sort()).toEqual(shownNow.sort());
  const { panels } = dashboard.parse(JSON.parse(await text('deploy/grafana-dashboard.json')));
  const drawn = new Set(panels.flatMap(({ targets }) => targets.flatMap(({ expr }) => named(expr))));
  const alarmed = new Set(alertsOf(await text('deploy/alert-rules.yaml')).flatMap(({ expr }) => named(expr)));
  expect(watched.filter((name) => !drawn.has(name) || !alarmed.has(name))).toEqual([]);
});

/** What a check of the schema lets a column be. */
const allowed = (schema: string, constraint: string): string[] => {
  const [line = ''] = schema.split('\n').filter((one) => one.includes(`constraint ${constraint} `));
  return [...line.matchAll(/'([a-z_]+)'::text/g)].map(([, value]) => value!);
};

test('F5: every state, code and reason a person or operator can meet stands in the operations guide', async () => {
  const guide = await text('docs/operations.md');
  const schema = await text('migrations/schema.sql');
  const states = ['connection', 'portal', 'klaviyo_account', 'run', 'preview', 'standing', 'app_event_due'].map(
    (table): [string, string[]] => [table, allowed(schema, `${table}_state_check`)],
  );
  states.push(['webhook', allowed(schema, 'engagement_account_webhook_state_check')]);
  for (const [table, values] of states) expect([table, values.length > 1]).toEqual([table, true]);
  const doors = await Promise.all(
    [
      'intake/signature',
      'intake/klaviyo-signature',
      'intake/hubspot-webhooks',
      'intake/klaviyo-webhooks',
      'api/signed',
    ].map((file) => text(`server/${file}.ts`)),
  );
  const refusals = doors.flatMap((source) => [
    ...[...source.matchAll(/reason: '([a-z_]+)'/g)].map(([, reason]) => reason!),
    ...[...source.matchAll(/refuse\(\s*response,\s*\d+,\s*'([a-z_]+)'/g)].map(([, reason]) => reason!),
  ]);
  expect(refusals.length).toBeGreaterThan(8);
  const known = [
    ...Object.keys(issueWords),
    ...Object.keys(alertWords),
    ...Object.keys(standingReasons),
    ...states.flatMap(([, values]) => values),
    ...refusals,
    'uninstalled',
    'klaviyo_disconnected',
    'waiting',
    'unlinked',
  ];
  expect([...new Set(known)].filter((code) => !guide.includes(`\`${code}\``))).toEqual([]);
});

test('what is kept and for how long is said of every table', async () => {
  const page = await text('docs/marketplace.md');
  const kept = page.slice(page.indexOf('### What is kept'), page.indexOf('### Answers'));
  const tables = [...(await text('migrations/schema.sql')).matchAll(/^create (?:unlogged )?table (\w+)/gim)].map(
    ([, name]) => name!,
  );
  expect(tables.length).toBeGreaterThan(30);
  const said = [...kept.matchAll(/`([a-z_]+)`/g)].map(([, name]) => name!);
  expect(tables.filter((name) => !said.includes(name))).toEqual([]);
  expect(said.filter((name) => !tables.includes(name))).toEqual([]);
});

test('each Klaviyo scope that is asked for has its reason, and no other stands there', async () => {
  const page = await text('docs/marketplace.md');
  const table = page.slice(page.indexOf('| Klaviyo scope |'), page.indexOf('## Security questionnaire'));
  expect([...table.matchAll(/`([a-z-]+:[a-z]+)`/g)].map(([, scope]) => scope).sort()).toEqual(
    [...klaviyoScopes].sort(),
  );
});
