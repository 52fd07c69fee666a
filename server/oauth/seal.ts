import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

export interface SealKey {
  id: string;
  key: Buffer;
}

/** Seals secrets for rest: AES-256-GCM, bound to their owner. The first key seals, every key opens (A4). */
export interface Sealer {
  /** `owner` names whose secret it is (`portal:1:hubspot`): sealed text moved to another row does not open. */
  seal(plain: string, owner: string): string;
  open(sealed: string, owner: string): string;
  /** Whether the text was sealed with a key other than the first. */
  needsReseal(sealed: string): boolean;
}

const version = 'v1';
const tagBytes = 16;

/** Parses `kid:base64,kid:base64`; each key 32 bytes. Throws an Error that names the key id, never the key. */
export function parseSealKeys(text: string): SealKey[] {
  const keys = text.split(',').map((part) => {
    const at = part.indexOf(':');
    const id = part.slice(0, Math.max(at, 0)).trim();
    if (!/^[A-Za-z0-9_-]{1,32}$/.test(id)) {
      throw new Error('each key is written kid:base64, the kid of letters, digits, - and _');
    }
    const key = Buffer.from(part.slice(at + 1).trim(), 'base64');
    if (key.length !== 32) throw new Error(`key ${id} is ${key.length} bytes long; it must be 32`);
    return { id, key };
  });
  if (new Set(keys.map(({ id }) => id)).size < keys.length) throw new Error('two keys have the same kid');
  return keys;
}

/** Makes a sealer of at least one key. */
export function createSealer(keys: readonly SealKey[]): Sealer {
  const [first] = keys;
  if (first === undefined) throw new Error('At least one encryption key is needed.');
  const byId = new Map(keys.map(({ id, key }) => [id, key]));
  return {
    seal(plain, owner) {
      const iv = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', first.key, iv, { authTagLength: tagBytes });
      cipher.setAAD(Buffer.from(`${first.id}|${owner}`));
      const text = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
      return [version, first.id, iv, text, cipher.getAuthTag()]
        .map((part) => (typeof part === 'string' ? part : part.toString('base64url')))
        .join('.');
    },
    open(sealed, owner) {
      const [v, id = '', iv = '', text = '', tag = '', ...more] = sealed.split('.');
      const key = byId.get(id);
      const tagBuffer = Buffer.from(tag, 'base64url');
      if (v !== version || more.length > 0 || tagBuffer.length !== tagBytes)
        throw new Error('The sealed text is damaged.');
      if (key === undefined) throw new Error(`There is no encryption key ${id}.`);
      try {
        const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(iv, 'base64url'), {
          authTagLength: tagBytes,
        });
        decipher.setAAD(Buffer.from(`${id}|${owner}`));
        decipher.setAuthTag(tagBuffer);
        return Buffer.concat([decipher.update(Buffer.from(text, 'base64url')), decipher.final()]).toString('utf8');
      } catch (cause) {
        throw new Error('The sealed text does not open: it was changed, or belongs to another owner.', { cause });
      }
    },
    needsReseal: (sealed) => sealed.split('.')[1] !== first.id,
  };
}
