import { expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { ConfigError, loadConfig } from '../../../server/config.js';

const hubspot = { HUBSPOT_APP_ID: '1', HUBSPOT_CLIENT_ID: 'client', HUBSPOT_CLIENT_SECRET: 'hush' };
const key = `k1:${Buffer.alloc(32, 1).toString('base64')}`;
const own = { DATABASE_URL: 'postgresql://u:p@db/tandem', ENCRYPTION_KEYS: key, PUBLIC_URL: 'https://tandem.example' };

function complaint(environment: Record<string, string>): string {
  try {
    loadConfig(environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return '';
}

test('HubSpot’s three variables are enough: the rest has defaults for this machine', () => {
  expect(loadConfig(hubspot)).toEqual({
    port: 3000,
    host: '127.0.0.1',
    publicUrl: 'http://localhost:3000',
    databaseUrl: null,
    dataDir: undefined,
    role: 'all',
    logLevel: 'info',
    encryptionKeys: null,
    hubspot: {
      appId: '1',
      clientId: 'client',
      clientSecret: 'hush',
      apiUrl: 'https://api.hubapi.com',
      appUrl: 'https://app.hubspot.com',
    },
    klaviyo: { clientId: null, clientSecret: null, apiUrl: 'https://a.klaviyo.com', appUrl: 'https://www.klaviyo.com' },
    pollSeconds: 30,
    runBatch: 2000,
    activityMonths: 24,
    metricsToken: null,
    metricsPort: null,
    alertUrl: null,
    pacing: true,
    tracing: false,
  });
});

test('with a database of one’s own it listens everywhere', () => {
  const config = loadConfig({ ...hubspot, ...own, PORT: '8080', ROLE: 'worker', POLL_SECONDS: '1' });
  expect(config).toMatchObject({
    host: '0.0.0.0',
    port: 8080,
    role: 'worker',
    pollSeconds: 1,
    runBatch: 2000,
    activityMonths: 24,
    publicUrl: 'https://tandem.example',
  });
  expect(config.encryptionKeys).toHaveLength(1);
});

test('every wrong variable is named in one message, with no value of it', () => {
  const message = complaint({
    ...hubspot,
    HUBSPOT_APP_ID: 'app',
    HUBSPOT_CLIENT_SECRET: ' ',
    PORT: '99999',
    ROLE: 'boss',
    LOG_LEVEL: 'loud',
    POLL_SECONDS: '0',
    DATABASE_URL: 'mysql://secret-value',
    KLAVIYO_CLIENT_ID: 'only-one',
    KLAVIYO_API_URL: 'http://klaviyo.example',
    ENCRYPTION_KEYS: 'k1:secret-value',
  });
  for (const name of [
    'HUBSPOT_APP_ID',
    'HUBSPOT_CLIENT_SECRET: is missing',
    'PORT',
    'ROLE',
    'LOG_LEVEL',
    'POLL_SECONDS',
    'DATABASE_URL',
    'KLAVIYO_CLIENT_ID and KLAVIYO_CLIENT_SECRET: set both, or neither',
    'KLAVIYO_API_URL: must be https',
    'ENCRYPTION_KEYS: key k1',
  ]) {
    expect(message).toContain(name);
  }
  expect(message).not.toMatch(/secret-value|hush/);
});

test.each([
  ['http://127.0.0.1:4001', true],
  ['http://localhost:4001/', true],
  ['http://[::1]:4001', true],
  ['https://proxy.example/hubspot', true],
  ['http://127.evil.example', false],
  ['http://10.0.0.1', false],
  ['ftp://127.0.0.1', false],
  ['api.hubapi.com', false],
])('A4: tokens go to a vendor over https, or to this machine: %s', (url, allowed) => {
  expect(complaint({ ...hubspot, HUBSPOT_API_URL: url }) === '').toBe(allowed);
});

test('a service that others reach must know its own address and its keys', () => {
  expect(complaint({ ...hubspot, DATABASE_URL: own.DATABASE_URL })).toMatch(/ENCRYPTION_KEYS.*\n.*PUBLIC_URL/);
  expect(complaint({ ...hubspot, HOST: '0.0.0.0' })).toMatch(
    /PUBLIC_URL: must be set when the service listens on 0\.0\.0\.0/,
  );
  expect(complaint({ ...hubspot, HOST: '0.0.0.0', HUBSPOT_API_URL: 'http://127.0.0.1:4001' })).toBe('');
});

test('G2: calls are paced, unless both vendors are stand-ins on this machine', () => {
  const off = { ...hubspot, PACING: 'off', HUBSPOT_API_URL: 'http://127.0.0.1:4001' };
  expect(complaint(off)).toMatch(/PACING: must stay on/);
  expect(complaint({ ...off, KLAVIYO_API_URL: 'http://127.0.0.1:4002' })).toBe('');
  expect(complaint({ ...hubspot, PACING: 'off', KLAVIYO_API_URL: 'http://127.0.0.1:4002' })).toMatch(/PACING/);
});

test('.env.example names every variable, and is right once HubSpot’s are filled in', () => {
  const text = readFileSync('.env.example', 'utf8');
  const named = [...text.matchAll(/^#?([A-Z_]+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value] as const);
  const source = readFileSync('server/config.ts', 'utf8');
  const known = [...source.matchAll(/^ {2}([A-Z_]+): /gm)].map(([, name]) => name);
  expect(named.map(([name]) => name).sort()).toEqual([...known].sort());
  const example = Object.fromEntries(named.filter(([name]) => new RegExp(`^${name}=`, 'm').test(text)));
  expect(complaint({ ...example, ...hubspot })).toBe('');
});
