/**
 * The beginning of a text, at most `longest` characters: without NUL and halves of surrogate pairs, which PostgreSQL cannot
 * keep, those included that a cut in the middle of a character leaves behind.
 */
export function shortenText(text: string, longest: number): string {
  return text.slice(0, longest).replace(/[\0\p{Surrogate}]/gu, '');
}
