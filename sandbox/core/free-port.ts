import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * A port on loopback for a program that must be told its own address before it starts. The systems we run on lend
 * outgoing connections the ports from 32768 up (Linux, ip_local_port_range; macOS and Windows from 49152): a port of
 * that range that is free now may be lent out before the program listens. So this one is chosen below them.
 */
export async function freePort(): Promise<number> {
  for (let tries = 1; ; tries += 1) {
    const port = randomInt(10_240, 32_768);
    try {
      await new Promise<void>((resolve, reject) => {
        const server = createServer();
        server.once('error', reject);
        server.listen(port, '127.0.0.1', () => server.close(() => resolve()));
      });
      return port;
    } catch (cause) {
      if (tries === 50) throw new Error('No port between 10240 and 32767 is free on loopback.', { cause });
    }
  }
}
