/**
 * A number from 0 (inclusive) to 2^53 (exclusive) that depends on the email alone, spread evenly: the same people come
 * first in every run (F9, F12). Not for secrets.
 */
export function stableRank(email: string): number {
  // Two 32-bit lanes mixed as in murmur's finaliser; multiplication by odd constants keeps every bit in play.
  let high = 0x9e3779b9;
  let low = 0x85ebca6b;
  for (let index = 0; index < email.length; index += 1) {
    const code = email.charCodeAt(index);
    high = Math.imul(high ^ code, 0x9e3779b1);
    low = Math.imul(low ^ code, 0x5f356495);
  }
  high = Math.imul(high ^ (high >>> 16), 0x85ebca6b) ^ Math.imul(low ^ (low >>> 13), 0xc2b2ae35);
  low = Math.imul(low ^ (low >>> 16), 0x85ebca6b) ^ Math.imul(high ^ (high >>> 13), 0xc2b2ae35);
  return (high & 0x1fffff) * 2 ** 32 + (low >>> 0);
}

export const rankSpan = 2 ** 53;
