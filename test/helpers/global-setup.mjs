import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';

/** One PostgreSQL for the whole run, and one migrated template that every test file clones. */
export default async function setup() {
  const build = new URL('../../build/server/store/', import.meta.url);
  const { migrate } = await import(new URL('migrate.js', build));
  let url = process.env.TEST_DATABASE_URL;
  if (url === undefined) {
    const { startEmbeddedPostgres } = await import(new URL('embedded/embedded-postgres.js', build));
    const dataDir = await mkdtemp(join(tmpdir(), 'tandem-test-'));
    const { chmod } = await import('node:fs/promises');
    await chmod(dataDir, 0o755);
    const server = await startEmbeddedPostgres({ dataDir, durable: false });
    globalThis.tandemTestDatabase = { server, dataDir };
    url = server.url;
  }
  const template = `tandem_template_${process.pid}`;
  const admin = new pg.Client({ connectionString: url });
  await admin.connect();
  await admin.query(`create database ${template}`);
  await admin.end();
  await migrate(Object.assign(new URL(url), { pathname: `/${template}` }).href);
  process.env.TANDEM_TEST_DATABASE = url;
  process.env.TANDEM_TEST_TEMPLATE = template;
}
