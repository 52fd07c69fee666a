const states = {
  connected: 'Connected',
  lacking: 'Lacks permissions',
  reconnect: 'Must be connected again',
  disconnected: 'Disconnected',
};

export const accountWords = {
  title: 'Accounts',
  hubspot: 'HubSpot account',
  portal: (id: string): string => `Hub ID ${id}`,
  klaviyo: 'Klaviyo accounts',
  states,
  auth: { oauth: 'Klaviyo login', api_key: 'Private API key' },
  missing: (scopes: readonly string[]): string =>
    `Klaviyo does not allow: ${scopes.join(', ')}. Connect again and tick these.`,
  add: 'Connect another Klaviyo account',
  again: 'Connect again',
  none: 'No Klaviyo account is connected.',
  columns: { name: 'Account', state: 'State', auth: 'Connected by', actions: 'Actions' },
  disconnect: 'Disconnect',
  disconnectTitle: (name: string): string => `Disconnect ${name}?`,
  disconnectSays: [
    'Every connection with this Klaviyo account stops at once. The stored key is deleted.',
    'No contact or profile is changed, deleted, removed from a list or unsubscribed.',
    'The set-up is kept. Connect the same account again and everything can be resumed.',
  ],
  disconnected: 'Disconnected. Its connections have stopped.',
  usage: 'Usage',
  /** `month` is YYYY-MM. */
  used: (month: string): string =>
    `Contacts in ${new Date(`${month}-01T00:00:00Z`).toLocaleDateString('en-US', { month: 'long', year: 'numeric', timeZone: 'UTC' })}`,
  alerts: 'Alerts',
  alertEmail: 'Email address for alerts',
  alertHelp:
    'We write once when something needs you: an account to connect again, a stopped run, many issues. Leave empty to hear of it on this page only.',
  save: 'Save',
  saved: 'Saved.',
  events: 'Activity on timelines',
  eventsOn: 'HubSpot has approved the app’s timeline events.',
  eventsOff: 'Not approved yet',
};
