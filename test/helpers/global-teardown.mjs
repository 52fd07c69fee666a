import { rm } from 'node:fs/promises';

export default async function teardown() {
  const started = globalThis.tandemTestDatabase;
  if (started === undefined) return;
  await started.server.stop();
  await rm(started.dataDir, { recursive: true, force: true });
}
