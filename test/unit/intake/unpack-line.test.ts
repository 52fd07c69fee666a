import { expect, test } from '@jest/globals';
import { unpackLine } from '../../../server/intake/unpack-line.js';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Portals that are unpacked, each until the test says what came of it. */
function gate() {
  const begun: string[] = [];
  const ends = new Map<string, (outcome: 'more' | 'done' | Error) => void>();
  return {
    begun,
    unpackSome: (portalId: string): Promise<'more' | 'done'> =>
      new Promise((resolve, reject) => {
        begun.push(portalId);
        ends.set(portalId, (outcome) => (outcome instanceof Error ? reject(outcome) : resolve(outcome)));
      }),
    async end(portalId: string, outcome: 'more' | 'done' | Error) {
      ends.get(portalId)?.(outcome);
      await turn();
    },
  };
}

test('G2: a portal with more left joins at the end: no flood keeps another waiting', async () => {
  const { begun, unpackSome, end } = gate();
  const line = unpackLine(unpackSome, 1, () => undefined);
  for (const portalId of ['flood', 'a', 'b', 'a']) line.join(portalId);
  await end('flood', 'more');
  await end('a', 'done');
  await end('b', 'done');
  expect(begun).toEqual(['flood', 'a', 'b', 'flood']);
});

test('what comes while a portal is at it is looked at after, and by nobody beside it', async () => {
  const { begun, unpackSome, end } = gate();
  const line = unpackLine(unpackSome, 2, () => undefined);
  line.join('1');
  line.join('1');
  expect(begun).toEqual(['1']);
  await end('1', 'done');
  expect(begun).toEqual(['1', '1']);
  await end('1', 'done');
  expect(begun).toHaveLength(2);
});

test('a failure is reported and the line goes on; a stop waits for who is at it and lets nobody begin', async () => {
  const { begun, unpackSome, end } = gate();
  const failures: unknown[] = [];
  const line = unpackLine(unpackSome, 1, (error) => failures.push(error));
  line.join('1');
  line.join('2');
  await end('1', new Error('no database'));
  expect([begun, failures]).toEqual([['1', '2'], [new Error('no database')]]);
  line.join('3');
  let stopped = false;
  const stop = line.stop().then(() => (stopped = true));
  await turn();
  expect(stopped).toBe(false);
  await end('2', 'more');
  await stop;
  expect(begun).toEqual(['1', '2']);
});
