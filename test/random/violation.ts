/** Something that must not be. */
export interface Violation {
  rule: string;
  who: string;
  what: string;
}
