/** Characters after which a word may be broken; longer ones would push a table's other columns out of sight. */
const longest = 24;

/** A text whose very long words may be broken: HubSpot's tables leave them whole. */
export const breakable = (text: string): string =>
  text.replace(new RegExp(`[^\\s\u200b]{${longest}}(?=[^\\s\u200b])`, 'gu'), '$&\u200b');
