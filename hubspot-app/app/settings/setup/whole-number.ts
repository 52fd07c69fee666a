/** What was typed as a whole number, or null when it is none or too small. */
export function wholeNumber(typed: number | null | undefined, least: number): number | null {
  return typeof typed === 'number' && Number.isFinite(typed) && typed >= least ? Math.round(typed) : null;
}
