import { createServer, type Server } from 'node:http';
import { setFlagsFromString } from 'node:v8';
import { ConfigError, readConfig } from './config.js';
import { createService } from './context.js';
import { NeedsOperator } from './errors.js';
import { openGround } from './ground.js';
import { createLogger } from './log.js';
import { metricsDoor } from './metrics-door.js';
import { createMetrics } from './metrics.js';
import { migrate } from './store/migrate.js';

// The heap grows by half before what is dead in it is looked for, not to its fourfold: a third less memory for no time that
// could be measured (bench/README.md).
setFlagsFromString('--heap-growing-percent=50');

/** Seconds in which everything must be closed after a signal. */
const stopSeconds = 20;

async function listen(server: Server, port: number, host: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
}

async function main(): Promise<void> {
  const config = readConfig();
  const log = createLogger(config.logLevel);
  // Only who traces pays for loading it.
  const flushTraces = config.tracing ? (await import('./send-traces.js')).sendTraces() : null;
  const { databaseUrl, keys, embedded } = await openGround(config, log);
  await migrate(databaseUrl, (message) => log.debug(message));
  const service = await createService(config, databaseUrl, keys, log, createMetrics());
  const server = createServer((request, response) => void service.app(request, response));
  if (config.role !== 'worker') await listen(server, config.port, config.host);
  const watched = createServer(metricsDoor((request, response) => void service.app(request, response)));
  if (config.metricsPort !== null) await listen(watched, config.metricsPort, config.host);
  if (config.role !== 'web') await service.startWorking();
  log.info({ role: config.role, url: config.publicUrl, port: config.port }, 'Tandem is ready');

  let stopping = false;
  const stop = async (signal: string): Promise<void> => {
    if (stopping) return;
    stopping = true;
    log.info({ signal }, 'stopping');
    server.close();
    await service.stop(stopSeconds);
    server.closeAllConnections();
    watched.close();
    watched.closeAllConnections();
    // A collector that is away must not hold up the stop.
    await flushTraces?.().catch((error: unknown) => log.warn({ err: error }, 'the last traces were not sent'));
    await embedded?.stop();
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      stop(signal).catch((error: unknown) => {
        log.error({ err: error }, 'the stop was not clean');
        process.exit(1);
      });
    });
  }
}

main().catch((error: unknown) => {
  // What is wrong with the environment is for a person to read, not for a log collector.
  process.stderr.write(
    error instanceof ConfigError || error instanceof NeedsOperator
      ? `${error.message}\n`
      : `Tandem could not start: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  process.exit(1);
});
