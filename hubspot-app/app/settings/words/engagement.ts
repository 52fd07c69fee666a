import type { Activity, EngagementOptions } from '../api-types.js';

const activities: Record<Activity, string> = {
  sent: 'Sent',
  delivered: 'Delivered',
  opened: 'Opened',
  clicked: 'Clicked a link',
  bounced: 'Bounced',
  unsubscribed: 'Unsubscribed',
  spam: 'Marked as spam',
};
const activityHelp: Record<Activity, string> = {
  sent: 'One activity for each email sent. Fills timelines quickly.',
  delivered: 'One for each email that reached the mailbox.',
  opened: 'The first open of each email by each contact.',
  clicked: 'The first click of each link in each email.',
  bounced: 'The email could not be delivered.',
  unsubscribed: 'One for each act of unsubscribing.',
  spam: 'The person complained to their mail provider.',
};
const deals: Record<EngagementOptions['linkDeals'], string> = {
  oldest_open: 'Oldest open deal',
  newest_open: 'Newest open deal',
  all_open: 'All open deals',
  none: 'No deal',
};

export const engagementWords = {
  defaultName: 'Email activity',
  newTitle: 'Show Klaviyo email activity on HubSpot timelines',
  steps: {
    connect: 'Klaviyo',
    sources: 'Which emails',
    activities: 'Which activities',
    options: 'Details',
    activate: 'Activate',
    save: 'Save',
  },
  sources: {
    title: 'Which emails count',
    label: 'Emails',
    all: 'All email of this Klaviyo account',
    chosen: 'Only email to chosen people, or of chosen flows and campaigns',
    lists: 'Klaviyo lists',
    segments: 'Klaviyo segments',
    flows: 'Flows',
    campaigns: 'Campaigns',
    missing: 'Choose at least one list, segment, flow or campaign.',
  },
  activities: {
    title: 'Which activities appear on the timeline',
    names: activities,
    help: activityHelp,
    missing: 'Switch on at least one activity, or the numbers on contact properties under “Details”.',
  },
  options: {
    title: 'Details',
    excludeBots: 'Leave out opens and clicks made by machines',
    excludeBotsSays: 'Mail scanners open and click too. They are counted and shown as left out, never silently lost.',
    everyOpen: 'Show every open, not only the first',
    everyOpenSays: 'The first open of each email by each contact is usually enough.',
    fromNowOn: 'A change of these two counts from now on. What is on timelines and in numbers already stays.',
    createContacts: 'Create HubSpot contacts for people HubSpot does not know',
    createContactsSays: 'Off: activity of unknown people is kept and appears once they become contacts.',
    mappings: 'Values of a contact that is created',
    mappingsSays: 'The email is always set. These are set once, from the Klaviyo profile.',
    since: 'How far back',
    sinceChoices: { activation: 'From now on', last_30_days: 'With the last 30 days', date: 'From a date' },
    sinceDate: 'From this day on',
    linkCompany: 'Show it on the contact’s company too',
    linkDeals: 'Show it on deals',
    deals,
    pipelines: {
      label: 'Only of these pipelines',
      help: 'With none chosen, deals of all pipelines count.',
      all: 'All pipelines',
      unknown: (id: string): string => `Pipeline ${id}`,
    },
    rollups: 'Keep numbers on contact properties',
    rollupsSays:
      'Last send, open and click, counts of 30 and 90 days, subscription status and a score: for lists, reports and workflows.',
  },
  activate: {
    title: 'Ready to activate',
    text: 'Activities appear on timelines within a minute of Klaviyo listing them. Each appears exactly once.',
    notApproved: 'Timelines wait for HubSpot’s approval',
    activated: 'Activated. Email activity is being read.',
  },
  saveSays: [
    'Emails and activities that you add appear from the chosen start on.',
    'Leaving out machines and showing every open count from now on.',
    'Activities that are on timelines already stay there.',
    'Nobody is subscribed or unsubscribed.',
  ],
};
