/** Does something after a while, without keeping the program alive for it. */
export function later(ms: number, work: () => void): void {
  setTimeout(work, ms).unref();
}
