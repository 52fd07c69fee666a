import { chmod, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import chromium from '@sparticuz/chromium';
import pg from 'pg';

const prefix = 'tandem-test-';
const store = new URL('../../build/server/store/', import.meta.url);

/**
 * One PostgreSQL for the whole run, and one migrated template that tests clone. TEST_DATABASE_URL names a server to use
 * instead of our own; its role must be allowed to create databases. Runs from build/, which `npm run test:jest` makes.
 */
export default async function setup() {
  // Unpacked once, before there are several test processes: one would start what another one is still writing.
  await chromium.executablePath();
  const { migrate } = await import(new URL('migrate.js', store));
  const { startEmbeddedPostgres } = await import(new URL('embedded/embedded-postgres.js', store));
  let url = process.env.TEST_DATABASE_URL;
  if (url === undefined || url === '') {
    await sweepLeftovers();
    const dataDir = await mkdtemp(join(tmpdir(), prefix));
    await chmod(dataDir, 0o711);
    const server = await startEmbeddedPostgres({ dataDir, durable: false });
    globalThis.tandemTestDatabase = { server, dataDir };
    url = server.url;
  }
  const template = `tandem_template_${process.pid}`;
  const admin = new pg.Client({ connectionString: url });
  await admin.connect();
  await admin.query(`drop database if exists ${template}`);
  await admin.query(`create database ${template}`);
  await admin.end();
  await migrate(Object.assign(new URL(url), { pathname: `/${template}` }).href);
  process.env.TANDEM_TEST_DATABASE = url;
  process.env.TANDEM_TEST_TEMPLATE = template;
}

/** Servers and folders of runs that were killed: nothing may pile up on a developer's machine. */
async function sweepLeftovers() {
  const { isAlive, runningServer, stopServer } = await import(new URL('embedded/postmaster.js', store));
  for (const name of (await readdir(tmpdir())).filter((entry) => entry.startsWith(prefix))) {
    const dataDir = join(tmpdir(), name);
    const owner = Number(await readFile(join(dataDir, 'postgres-owner'), 'utf8').catch(() => ''));
    if (owner <= 0 || isAlive(owner)) continue;
    const cluster = join(dataDir, 'postgres');
    const server = await runningServer(cluster);
    if (server !== null) await stopServer(server.pid, cluster);
    await rm(dataDir, { recursive: true, force: true });
  }
}
