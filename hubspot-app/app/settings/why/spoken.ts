/** A code such as `rule_matched` or `klaviyoListId` as words; words stay as they are. */
export function spoken(code: string): string {
  const apart = code.replaceAll('_', ' ');
  const plain = apart.includes(' ') ? apart : apart.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase();
  const branded = plain
    .replace(/hub ?spot/gi, 'HubSpot')
    .replace(/klaviyo/gi, 'Klaviyo')
    .replace(/\bid(s?)\b/g, 'ID$1')
    .replace(/\bopt (outs?|ins?)\b/gi, 'opt-$1');
  return branded.charAt(0).toUpperCase() + branded.slice(1);
}

/** A value that is a code (`NEVER_SUBSCRIBED`, `two_way`) as words; every other value as it is. */
export function spokenValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(spokenValue);
  return typeof value === 'string' && /^([A-Z]+(_[A-Z]+)*|[a-z]+(_[a-z]+)+)$/.test(value)
    ? spoken(value.toLowerCase())
    : value;
}
