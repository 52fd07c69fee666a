/**
 * How a story's service cuts its runs: two of three seeds work on eight people at a time and read a record a page, five pages at once, so that people
 * are worked on while both sides are still read; the third as a large portal does.
 */
export const runBatch = (seed: number): { RUN_BATCH: string } => ({ RUN_BATCH: seed % 3 === 0 ? '2000' : '8' });
