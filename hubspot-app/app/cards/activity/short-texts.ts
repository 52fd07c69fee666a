/** A text of `most` characters at most, cut in the middle: both ends of an address or a name tell it apart. */
export function shorten(text: string, most: number): string {
  // By characters as people see them: half an emoji is a broken one.
  const characters = [...text];
  if (characters.length <= most) return text;
  const end = Math.floor((most - 1) / 3);
  return `${characters.slice(0, most - 1 - end).join('')}…${characters.slice(characters.length - end).join('')}`;
}

/** Longer words are broken; HubSpot's tables leave words whole, and one would push the other columns out of sight. */
const longestWord = 24;
/** Characters of a long word after which it may be broken. */
const piece = 8;

/** A text for a table, whose very long words may be broken. */
export const breakable = (text: string): string =>
  text.replace(new RegExp(`\\S{${longestWord + 1},}`, 'gu'), (word) =>
    word.replace(new RegExp(`.{${piece}}(?=.)`, 'gu'), '$&\u200b'),
  );

/** A link as people recognise it: without what only tracking needs. */
export const shortUrl = (url: string, most: number): string =>
  shorten(
    url
      .replace(/^https?:\/\/(www\.)?/, '')
      .replace(/[?#].*$/, '')
      .replace(/\/$/, ''),
    most,
  );

/** Whether a link leads to a page. Events come from outside: what they call a link may be a script. */
export const isWebAddress = (url: string): boolean => /^https?:\/\/[^\s]+$/i.test(url);
