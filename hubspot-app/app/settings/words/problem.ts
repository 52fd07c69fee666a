/** What kept the page from doing something, when the service did not say it itself. */
export const problemWords = {
  title: 'That did not work',
  tryAgain: 'Try again. If it goes on, write to support with the time it happened.',
  notFound: 'The service does not know this, or cannot do it yet.',
  notFoundFix: 'Go back and open it again. It may have been deleted meanwhile.',
  tooLarge: 'The answer is too large for HubSpot to pass on.',
  tooLargeFix: 'Choose fewer at once: one connection, or one cause.',
  busy: 'HubSpot or the service takes no more requests at the moment.',
  busyFix: 'Wait a minute, then try again.',
  failed: (status: number): string => `The service failed (${status}).`,
  failedFix: 'Nothing was lost. Wait a minute, then try again.',
  unreachable: 'The service does not answer.',
  unreachableFix: 'Check your connection, then try again. Syncing goes on meanwhile.',
  notSetUp: 'This page does not know where its service is.',
  notSetUpFix:
    'The app was uploaded without the variable SERVICE_URL. Ask the people who run the app to set it in the project’s profile and upload again.',
  notInstalled: 'The app is not installed in this HubSpot account any more.',
  notInstalledFix: 'Install it again. Within 30 days all your connections are still there.',
  install: 'Install again',
};
