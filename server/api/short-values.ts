/** Characters of a text and entries of a list that are shown of a value; HubSpot keeps texts of 65,536. */
const longest = { text: 500, list: 100 };

/**
 * A value as it is shown: HubSpot passes a megabyte on to a page, and a page of the history may hold hundreds of values.
 * What is long is cut with an ellipsis, inside lists and records too.
 */
export function shortValues(value: unknown): unknown {
  if (typeof value === 'string') return value.length > longest.text ? `${value.slice(0, longest.text)}…` : value;
  if (Array.isArray(value)) {
    const shown = value.slice(0, longest.list).map(shortValues);
    return value.length > longest.list ? [...shown, '…'] : shown;
  }
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, shortValues(one)]));
  return value;
}
