import { expect, test } from '@jest/globals';
import { createRemembered } from '../../../server/api/remembered.js';

function remember(keptMs: number, most = 100) {
  let now = 0;
  const failures: unknown[] = [];
  const reads: string[] = [];
  const remembered = createRemembered({
    clock: () => new Date(now),
    keptMs,
    most,
    failed: (error) => failures.push(error),
  });
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return {
    failures,
    reads,
    settle,
    pass: (ms: number) => (now += ms),
    ask: (key: string, answer: string | null | Error = `${key}!`) =>
      remembered.get(key, async () => {
        reads.push(key);
        if (answer instanceof Error) throw answer;
        return answer;
      }),
  };
}

test('nothing is waited for: the first answer is empty, the next has it, one reading for all who ask meanwhile', async () => {
  const { ask, reads, settle } = remember(1000);
  expect([ask('a'), ask('a'), ask('a')]).toEqual(Array(3).fill({ value: null, settling: true }));
  await settle();
  expect(ask('a')).toEqual({ value: 'a!', settling: false });
  expect(reads).toEqual(['a']);
});

test('what is old is shown while it is read again', async () => {
  const { ask, pass, settle, reads } = remember(1000);
  ask('a', 'old');
  await settle();
  pass(1000);
  expect(ask('a', 'new')).toEqual({ value: 'old', settling: false });
  await settle();
  expect(ask('a')).toEqual({ value: 'new', settling: false });
  expect(reads).toHaveLength(2);
});

test('that there is nothing is known too; a failure is told and tried at the next question', async () => {
  const { ask, settle, failures } = remember(1000);
  ask('gone', null);
  ask('down', new Error('no'));
  await settle();
  expect(ask('gone')).toEqual({ value: null, settling: false });
  expect(failures).toEqual([new Error('no')]);
  expect(ask('down', 'up')).toEqual({ value: null, settling: true });
  await settle();
  expect(ask('down')).toEqual({ value: 'up', settling: false });
});

test('it never grows without end', async () => {
  const { ask, settle, reads } = remember(1000, 10);
  for (let at = 0; at < 25; at += 1) {
    ask(String(at));
    await settle();
  }
  expect(ask('24').value).toBe('24!');
  expect(ask('3').value).toBeNull();
  expect(reads).toHaveLength(26);
});
