import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { acquireLease, assertLease, LeaseLost, releaseLease, renewLease } from '../../../server/store/lease.js';
import { openTestDatabase, type TestDatabase } from '../../helpers/test-database.js';

let test1: TestDatabase;
beforeAll(async () => {
  test1 = await openTestDatabase();
});
afterAll(() => test1.close());

/** Lets a lease run out without waiting: the database's clock is what counts, so its end is moved into the past. */
const runOut = (name: string): Promise<unknown> =>
  test1.db.query(`update lease set until = now() - interval '1 second' where name = $1`, [name]);

test('G1: a lease has one holder, and passes on when it is let go', async () => {
  const { db } = test1;
  const first = await acquireLease(db, 'one', 'a', 30);
  expect(first).toMatchObject({ owner: 'a', token: '1' });
  expect(await acquireLease(db, 'one', 'b', 30)).toBeNull();
  if (first !== null) await releaseLease(db, first);
  expect(await acquireLease(db, 'one', 'b', 30)).toMatchObject({ owner: 'b', token: '2' });
});

test('G1: of many that ask at once, one gets it', async () => {
  const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => acquireLease(test1.db, 'many', `p${n}`, 30)));
  expect(answers.filter((lease) => lease !== null)).toHaveLength(1);
});

test('G1: a holder that froze past its lease can neither renew nor write', async () => {
  const { db } = test1;
  const frozen = await acquireLease(db, 'two', 'frozen', 30);
  if (frozen === null) throw new Error('no lease');
  await runOut('two');
  const next = await acquireLease(db, 'two', 'next', 30);
  expect(next).toMatchObject({ token: '2' });
  await expect(renewLease(db, frozen, 30)).rejects.toThrow(LeaseLost);
  await expect(db.transaction((tx) => assertLease(tx, frozen))).rejects.toThrow(LeaseLost);
  await releaseLease(db, frozen);
  if (next !== null) await db.transaction((tx) => assertLease(tx, next));
});
