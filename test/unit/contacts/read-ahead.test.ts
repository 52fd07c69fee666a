import { expect, jest, test } from '@jest/globals';
import { ReadAhead } from '../../../server/contacts/read-ahead.js';
import type { Page } from '../../../server/contacts/read-page.js';

const page = (id: string): Page => ({
  input: { hubspotIds: [id], klaviyoIds: [] },
  size: 1,
  after: null,
  total: null,
});
const reads = (id: string) => jest.fn(() => Promise.resolve(page(id)));

test('what was read ahead is taken once, under its own key', async () => {
  const ahead = new ReadAhead<Page>();
  const [early, late] = [reads('early'), reads('late')];
  ahead.begin('next', early);
  expect(early).toHaveBeenCalledTimes(1);
  expect(await ahead.take('next', late)).toEqual(page('early'));
  expect(late).not.toHaveBeenCalled();
  expect(await ahead.take('next', late)).toEqual(page('late'));
  ahead.begin('next', early);
  expect(await ahead.take('another', late)).toEqual(page('late'));
});

test('what waited for long is read again', async () => {
  const ahead = new ReadAhead<Page>();
  const old = reads('old');
  ahead.begin('next', old);
  await old.mock.results[0]?.value;
  const now = performance.now();
  const clock = jest.spyOn(performance, 'now').mockReturnValue(now + 6000);
  expect(await ahead.take('next', reads('new'))).toEqual(page('new'));
  clock.mockRestore();
});

test('an answer that took long is no older for that: it is not asked for twice', async () => {
  const ahead = new ReadAhead<Page>();
  let answer: (page: Page) => void = () => undefined;
  ahead.begin('next', () => new Promise<Page>((resolve) => (answer = resolve)));
  const now = performance.now();
  const clock = jest.spyOn(performance, 'now').mockReturnValue(now + 60_000);
  const again = reads('again');
  const taken = ahead.take('next', again);
  answer(page('slow'));
  expect(await taken).toEqual(page('slow'));
  expect(again).not.toHaveBeenCalled();
  clock.mockRestore();
});

test('a failure is told to whoever takes it, and to nobody else', async () => {
  const ahead = new ReadAhead<Page>();
  ahead.begin('next', () => Promise.reject(new Error('no answer')));
  await expect(ahead.take('next', reads('new'))).rejects.toThrow('no answer');
  ahead.begin('dropped', () => Promise.reject(new Error('no answer')));
  expect(await ahead.take('other', reads('other'))).toEqual(page('other'));
});
