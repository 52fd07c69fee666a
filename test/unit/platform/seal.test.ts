import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { randomBytes } from 'node:crypto';
import { createSealer, parseSealKeys } from '../../../server/oauth/seal.js';

const keyText = (id: string): string => `${id}:${randomBytes(32).toString('base64')}`;
const [oldKey, newKey] = [keyText('k1'), keyText('k2')];
const sealer = createSealer(parseSealKeys(`${newKey},${oldKey}`));

test('A4: whatever is sealed opens again for its owner, and shows nothing of itself', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string(), (plain, owner) => {
      const sealed = sealer.seal(plain, owner);
      expect(sealed).toMatch(/^v1\.k2\.[\w-]{16}\.[\w-]*\.[\w-]{22}$/);
      expect(sealer.open(sealed, owner)).toBe(plain);
      expect(sealer.seal(plain, owner)).not.toBe(sealed);
    }),
  );
});

test('A4: a sealed text moved to another owner does not open', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.string(), (plain, owner, other) => {
      fc.pre(owner !== other);
      expect(() => sealer.open(sealer.seal(plain, owner), other)).toThrow(/does not open/);
    }),
  );
});

test('A4: any changed, shortened or lengthened text is refused', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), fc.nat(), fc.constantFrom('A', 'B', '', '.', '-x'), (plain, at, put) => {
      const sealed = sealer.seal(plain, 'portal:1');
      const index = at % sealed.length;
      const changed = sealed.slice(0, index) + put + sealed.slice(index + 1);
      // base64url has spellings of one byte string that differ in unused bits only.
      fc.pre(decoded(changed) !== decoded(sealed));
      expect(() => sealer.open(changed, 'portal:1')).toThrow();
    }),
  );
});

const decoded = (text: string): string =>
  text
    .split('.')
    .map((part, index) => (index < 2 ? part : Buffer.from(part, 'base64url').toString('hex')))
    .join('.');

test('A4: a shortened tag is refused before anything is decrypted', () => {
  const [version, id, iv, text, tag = ''] = sealer.seal('secret', 'portal:1').split('.');
  const short = Buffer.from(tag, 'base64url').subarray(0, 12).toString('base64url');
  expect(() => sealer.open([version, id, iv, text, short].join('.'), 'portal:1')).toThrow(/damaged/);
});

test('A4: after a rotation old texts open and are told apart; without their key they say which one is missing', () => {
  const before = createSealer(parseSealKeys(oldKey));
  const sealed = before.seal('secret', 'portal:1');
  expect(sealer.open(sealed, 'portal:1')).toBe('secret');
  expect(sealer.needsReseal(sealed)).toBe(true);
  expect(sealer.needsReseal(sealer.seal('secret', 'portal:1'))).toBe(false);
  expect(() => createSealer(parseSealKeys(newKey)).open(sealed, 'portal:1')).toThrow('There is no encryption key k1.');
});

test.each([
  ['nonsense', /kid:base64/],
  ['k1:short', /key k1 is \d+ bytes long/],
  [`${oldKey},`, /kid:base64/],
  [`k 1:${randomBytes(32).toString('base64')}`, /kid:base64/],
  [`${oldKey},${oldKey}`, /same kid/],
])('A4: keys that cannot be right are refused without showing them: %#', (text, message) => {
  expect(() => parseSealKeys(text)).toThrow(message);
  expect(() => parseSealKeys(text)).not.toThrow(/[A-Za-z0-9+/]{40}/);
});
