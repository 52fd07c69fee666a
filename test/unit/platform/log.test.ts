import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { withinLogScope } from '../../../server/log-scope.js';
import { createLogger } from '../../../server/log.js';
import { withinPortal } from '../../../server/store/portal-scope.js';

function written(write: (log: ReturnType<typeof createLogger>) => void): string {
  const lines: string[] = [];
  write(createLogger('trace', { write: (line) => lines.push(line) }));
  for (const line of lines) JSON.parse(line);
  return lines.join('');
}

test('A4: secrets do not reach a log, wherever they stand in an object', () => {
  const text = written((log) => {
    log.info({ accessToken: 'zzz-1', deep: { of: { an: [{ refresh_token: 'zzz-2', api_key: 'zzz-3' }] } } }, 'kept');
    log.warn({
      err: Object.assign(new Error('call failed'), { config: { headers: { Authorization: 'Bearer zzz-4' } } }),
    });
    log.error({ body: JSON.stringify({ client_secret: 'zzz-5', password: 'zzz-6' }) });
  });
  expect(text).not.toContain('zzz-');
  expect(text).toContain('kept');
  expect(text).toContain('call failed');
});

test('A4: secrets do not reach a log inside a text either', () => {
  const text = written((log) => {
    log.info('GET /callback?code=zzz-1&state=fine');
    log.info('grant_type=refresh_token&refresh_token=zzz-2&client_secret=zzz-3');
    log.info('Authorization: Klaviyo-API-Key pk_zzz1234567');
    log.info('cannot reach postgresql://tandem:zzz-4@127.0.0.1:5432/postgres');
    log.info('first line\npk_zzz1234567\nBearer zzz-5\ncode=zzz-6');
    log.info('the token na1-11111111-2222-3333-4444-555555555555 is unknown');
  });
  expect(text).not.toMatch(/zzz|pk_|na1-/);
  expect(text).toContain('state=fine');
  expect(text).toContain('127.0.0.1:5432');
});

test('A4: people’s addresses and numbers do not reach a log', () => {
  const text = written((log) => {
    log.info(
      { contact: { email: 'ada@example.com', phone: '0170 1234567' }, id: '17' },
      'skipped ada.l+x@mail.example.co.uk',
    );
    log.error({
      err: Object.assign(new Error('duplicate'), { detail: 'Key (email)=(ada@example.com) exists, +491701234567' }),
    });
  });
  expect(text).not.toMatch(/ada|0170|\+49/);
  expect(text).toContain('"id":"17"');
});

test('codes of errors stay readable', () => {
  expect(written((log) => log.error({ err: Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }) }))).toContain(
    'ECONNREFUSED',
  );
});

test('an error brings its words, its cause and no client along', () => {
  const cause = Object.assign(new Error('connection lost'), { code: '57P01', client: { secretKey: 4711, pool: [] } });
  const text = written((log) =>
    log.error({ err: new AggregateError([new Error('one of many')], 'failed', { cause }) }, 'queue'),
  );
  const { err } = JSON.parse(text) as { err: { message: string; cause: Record<string, unknown>; errors: object[] } };
  expect(err).toMatchObject({
    message: 'failed',
    stack: expect.stringContaining('failed'),
    cause: { message: 'connection lost', code: '57P01' },
    errors: [{ message: 'one of many' }],
  });
  expect(err.cause).not.toHaveProperty('client');
});

test('every line stays JSON, whatever is logged', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.emailAddress(), fc.jsonValue(), (noise, email, value) => {
      const text = written((log) =>
        log.info({ value, noise, mixed: `${noise}${email}${noise}` }, `${noise} "${email}" \\${email}`),
      );
      expect(text.endsWith('\n')).toBe(true);
    }),
  );
});

test('G3: a hostile long value does not hold the process up', () => {
  const started = performance.now();
  written((log) =>
    log.info({ value: 'a'.repeat(300_000), dots: `a@${'.'.repeat(100_000)}`, ats: '@a'.repeat(100_000) }),
  );
  expect(performance.now() - started).toBeLessThan(10_000);
});

test('each line says of which request or job it is, and whose', async () => {
  const lines: string[] = [];
  const log = createLogger('info', { write: (line) => lines.push(line) });
  await withinLogScope({ queue: 'drain', jobId: 'j1' }, () =>
    withinPortal('7', async () => {
      await Promise.resolve();
      log.info('inside');
      log.info({ portalId: '8' }, 'a line that knows better');
    }),
  );
  log.info('outside');
  const [inside, better, outside] = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(inside).toMatchObject({ queue: 'drain', jobId: 'j1', portalId: '7' });
  expect(better).toMatchObject({ jobId: 'j1', portalId: '8' });
  expect(Object.keys(outside ?? {})).not.toContain('portalId');
});
