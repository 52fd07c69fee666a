/** The JSON of a text, or undefined when it is none. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Whoever asked knows what half an answer means for it.
    return undefined;
  }
}
