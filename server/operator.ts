import { ConfigError, readConfig } from './config.js';
import { createService } from './context.js';
import { NeedsOperator } from './errors.js';
import { openGround } from './ground.js';
import { createLogger } from './log.js';
import { createMetrics } from './metrics.js';
import { commands, diagnosis, Misuse, type CommandAnswer } from './operator/commands.js';
import { doctor } from './operator/doctor.js';
import { inspectDatabase } from './store/inspect-database.js';
import { migrate } from './store/migrate.js';

/** The operator's command line: `npm run tandem -- <command> [--json]`. */
const given = process.argv.slice(2);
const json = given.includes('--json');
const [name = '', ...parameters] = given.filter((word) => word !== '--json');

const cell = (value: unknown): string =>
  value === null || value === undefined
    ? ''
    : value instanceof Date
      ? value.toISOString()
      : typeof value === 'object'
        ? JSON.stringify(value)
        : String(value);

function table(rows: readonly Record<string, unknown>[]): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const lines = [columns, ...rows.map((row) => columns.map((column) => cell(row[column])))];
  const widths = columns.map((_column, index) =>
    Math.min(60, Math.max(...lines.map((line) => (line[index] ?? '').length))),
  );
  return lines
    .map((line) =>
      line
        .map((text, index) => text.padEnd(index === line.length - 1 ? 0 : (widths[index] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function usage(): string {
  const lines = Object.entries(commands).map(
    ([command, { usage: more, does }]) => `  ${`${command} ${more}`.padEnd(36)}${does}`,
  );
  return `npm run tandem -- <command> [--json]\n\n${lines.join('\n')}\n`;
}

async function main(): Promise<number> {
  const command = commands[name];
  if (command === undefined) {
    process.stderr.write(usage());
    return name === '' || name === 'help' ? 0 : 2;
  }
  const config = readConfig();
  const log = createLogger('warn');
  const ground = await openGround(config, log);
  const show = ({ rows, failed = false }: CommandAnswer): number => {
    process.stdout.write(
      json ? `${JSON.stringify(rows, null, 2)}\n` : `${rows.length === 0 ? 'nothing' : table(rows)}\n`,
    );
    return failed ? 1 : 0;
  };
  if (name === 'doctor') {
    // It says what is in the way, and changes nothing.
    const standing = await inspectDatabase(ground.databaseUrl);
    if (standing.state !== 'ready') {
      const answer = diagnosis(await doctor({ config, now: new Date(), database: standing }));
      await ground.embedded?.stop();
      return show(answer);
    }
  } else await migrate(ground.databaseUrl, () => undefined);
  const service = await createService(config, ground.databaseUrl, ground.keys, log, createMetrics());
  try {
    return show(await command.run({ config, sync: service.sync }, parameters));
  } finally {
    await service.stop(1);
    await ground.embedded?.stop();
  }
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    const expected = error instanceof ConfigError || error instanceof NeedsOperator || error instanceof Misuse;
    process.stderr.write(
      `${expected ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
    process.exit(expected ? 2 : 1);
  },
);
