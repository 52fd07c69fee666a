import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { http } from '@hubspot/local-dev-lib/http';
import { translate } from '@hubspot/project-parsing-lib/translate';
import { z } from 'zod';
import { componentSchemas } from './component-schemas.js';

export interface Component {
  uid: string;
  /** The parser's name of its type: APPLICATION, CARD, SETTINGS, WEBHOOKS, APP_EVENT. */
  type: string;
  config: Record<string, unknown>;
}

const node = z.object({
  uid: z.string(),
  componentType: z.string(),
  config: z.record(z.string(), z.unknown()),
});
const project = z.object({ srcDir: z.string(), platformVersion: z.string() });

/**
 * Runs HubSpot's own parser over the project in `folder` as `hs project upload --profile <profile>` does. The schemas it
 * would fetch with an account are ours. Rejects with what the parser finds, and when it skips a file: it does so in silence.
 */
export async function parseProject(folder: string, profile: string): Promise<Component[]> {
  const { srcDir, platformVersion } = project.parse(
    JSON.parse(await readFile(join(folder, 'hsproject.json'), 'utf8')) as unknown,
  );
  const get = http.get;
  Object.assign(http, { get: async () => ({ data: componentSchemas }) });
  try {
    const { intermediateRepresentation, skippedHsMetaFiles } = await translate(
      { projectSourceDir: join(folder, srcDir), platformVersion, accountId: 1 },
      { skipValidation: false, profile },
    );
    if (skippedHsMetaFiles.length > 0) throw new Error(`The parser skipped ${JSON.stringify(skippedHsMetaFiles)}`);
    return Object.values(intermediateRepresentation.intermediateNodesIndexedByUid).map((one) => {
      const { uid, componentType, config } = node.parse(one);
      return { uid, type: componentType, config };
    });
  } finally {
    Object.assign(http, { get });
  }
}
