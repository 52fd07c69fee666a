import { accountWords } from './words/accounts.js';
import { commonWords } from './words/common.js';
import { connectionWords } from './words/connection.js';
import { engagementWords } from './words/engagement.js';
import { historyWords } from './words/history.js';
import { issueWords } from './words/issues.js';
import { overviewWords } from './words/overview.js';
import { previewWords } from './words/preview.js';
import { problemWords } from './words/problem.js';
import { setupWords } from './words/setup.js';
import { whyWords } from './words/why.js';

/** Every text that this page shows of its own, by screen. What the service says (issues, reasons, refusals) is shown as it comes. */
export const words = {
  common: commonWords,
  problem: problemWords,
  overview: overviewWords,
  setup: setupWords,
  preview: previewWords,
  engagement: engagementWords,
  connection: connectionWords,
  issues: issueWords,
  history: historyWords,
  why: whyWords,
  accounts: accountWords,
};
