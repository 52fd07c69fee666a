import { rm } from 'node:fs/promises';
import pg from 'pg';

export default async function teardown() {
  const started = globalThis.tandemTestDatabase;
  if (started !== undefined) {
    await started.server.stop();
    await rm(started.dataDir, { recursive: true, force: true });
    return;
  }
  const admin = new pg.Client({ connectionString: process.env.TANDEM_TEST_DATABASE });
  await admin.connect();
  await admin.query(`drop database if exists ${process.env.TANDEM_TEST_TEMPLATE}`);
  await admin.end();
}
