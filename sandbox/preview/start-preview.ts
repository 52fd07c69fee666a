import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { proxyFetch, type ProxyRequest } from './proxy-fetch.js';

export interface PreviewOptions {
  /** 0: any free port. */
  port?: number;
  /** The service's public address. */
  backend: string;
  clientSecret: string;
  appId: string;
  portalId: string;
  /** Where the HubSpot stand-in is, to choose portals and records of; without it only what an address names is shown. */
  hubspotUrl?: string;
  /** Where the bundles are and hubspot-app/ stands; the working directory when left out. */
  root?: string;
}

export interface Preview {
  /** Opens the settings page. */
  url: string;
  close(): Promise<void>;
}

const types: Record<string, string> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
};

/**
 * A page that shows the real extension bundles without HubSpot: each runs in a worker of its own, as there, and asks the
 * service through a proxy that signs as HubSpot's does. Listens on loopback only. `scripts/extensions.mjs` makes the bundles.
 */
export async function startPreview(options: PreviewOptions): Promise<Preview> {
  const root = options.root ?? process.cwd();
  const permitted = await permittedUrls(root, options.backend);
  const page = html({ backend: options.backend, portalId: options.portalId });
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
    if (pathname === '/') return send(response, 200, 'text/html; charset=utf-8', page);
    if (pathname === '/proxy' && request.method === 'POST') {
      const asked = JSON.parse(await textOf(request)) as ProxyRequest;
      const who = {
        ...options,
        portalId: searchParams.get('portal') ?? options.portalId,
        userId: searchParams.get('user') ?? '7001',
        userEmail: searchParams.get('email') ?? 'ops@example.com',
      };
      const { status, body } = await proxyFetch(who, permitted, asked);
      return send(response, status, 'application/json', status === 204 ? '' : body);
    }
    const looked = /^\/hubspot\/(portals(?:\/\d+\/records\/(?:contacts|companies|deals))?)$/.exec(pathname)?.[1];
    if (looked !== undefined) {
      const search = new URLSearchParams({ search: searchParams.get('search') ?? '' }).toString();
      const answer =
        options.hubspotUrl === undefined ? null : await fetch(`${options.hubspotUrl}/_sandbox/${looked}?${search}`);
      return send(response, 200, 'application/json', answer === null ? '{}' : await answer.text());
    }
    const file = /^\/(preview|extensions)\/([\w-]+(\.js|\.css|\.json))$/.exec(pathname);
    if (file === null) return send(response, 404, 'text/plain', 'There is no such page.');
    const [, folder = '', name = '', extension = ''] = file;
    const content = await readFile(join(root, 'build', folder, name));
    send(response, 200, types[extension] ?? 'text/plain', content);
  };
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) =>
      send(response, 500, 'text/plain', error instanceof Error ? error.message : 'The preview failed.'),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : options.port;
  return {
    url: `http://127.0.0.1:${port}/`,
    close: () =>
      new Promise((resolve, reject) => {
        server.closeAllConnections();
        server.close((error) => (error === undefined ? resolve() : reject(error)));
      }),
  };
}

async function permittedUrls(root: string, backend: string): Promise<string[]> {
  const meta = JSON.parse(await readFile(join(root, 'hubspot-app/app/app-hsmeta.json'), 'utf8')) as {
    config: { permittedUrls: { fetch: string[] } };
  };
  return meta.config.permittedUrls.fetch.map((url) => url.replace('${SERVICE_URL}', backend));
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

function send(response: ServerResponse, status: number, type: string, body: string | Buffer): void {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(body);
}

/** The frame that the browser side fills; what it must know stands in it as JSON. */
const html = (setting: { backend: string; portalId: string }): string => `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Preview</title>
<link rel="icon" href="data:,"><link rel="stylesheet" href="/preview/preview.css"></head>
<body><div id="root"></div>
<script id="setting" type="application/json">${JSON.stringify(setting).replaceAll('<', '\\u003c')}</script>
<script src="/preview/host.js"></script></body></html>
`;
