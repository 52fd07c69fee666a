import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface TokenAnswer {
  status: number;
  body: string;
}

/** A token endpoint that counts: it answers what the test says, after `delayMs`, with a new token each time. */
export interface TokenServer {
  url: string;
  /** Bodies of the requests so far. */
  requests: URLSearchParams[];
  answer: ((n: number) => TokenAnswer) | null;
  delayMs: number;
  close(): Promise<void>;
}

export async function startTokenServer(): Promise<TokenServer> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      tokens.requests.push(new URLSearchParams(Buffer.concat(chunks).toString()));
      const n = tokens.requests.length;
      const good = {
        access_token: `access-${n}`,
        refresh_token: `refresh-${n}`,
        expires_in: 1800,
        token_type: 'bearer',
        hub_id: 41,
        scopes: ['oauth'],
        scope: 'profiles:read lists:read',
      };
      const { status, body } = tokens.answer?.(n) ?? { status: 200, body: JSON.stringify(good) };
      setTimeout(() => response.writeHead(status, { 'content-type': 'application/json' }).end(body), tokens.delayMs);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const tokens: TokenServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: [],
    answer: null,
    delayMs: 0,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return tokens;
}
