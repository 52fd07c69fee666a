/** Longer words would push a table's other columns out of sight. */
const longest = 24;
/** Characters of a long word after which it may be broken: often enough to fill a wide column. */
const piece = 8;

/** A text whose very long words may be broken: HubSpot's tables leave them whole. */
export const breakable = (text: string): string =>
  text.replace(new RegExp(`[^\\s\u200b]{${longest + 1},}`, 'gu'), (word) =>
    word.replace(new RegExp(`.{${piece}}(?=.)`, 'gu'), '$&\u200b'),
  );
