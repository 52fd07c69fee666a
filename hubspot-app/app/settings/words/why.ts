export const whyWords = {
  title: 'Why is this person as they are?',
  intro:
    'Type an email address. You see which rule matched, what was compared, which side won, what was written and what HubSpot and Klaviyo answered. Both are read at this moment; nothing is written.',
  email: 'Email address',
  ask: 'Explain',
  none: 'Nothing is known of this address',
  noneText: 'Neither HubSpot nor Klaviyo has it, or no connection covers it. Check the spelling.',
  columns: { step: 'Step', decision: 'Outcome', because: 'Because', at: 'When' },
  now: 'now',
  lists: 'Klaviyo list',
  fields: 'Field by field',
  fieldColumns: {
    field: 'HubSpot · Klaviyo',
    hubspot: 'In HubSpot',
    klaviyo: 'In Klaviyo',
    base: 'Last agreed on',
    decision: 'Outcome',
  },
  historyOf: 'History of this contact',
  hubspotId: 'HubSpot contact',
  klaviyoId: 'Klaviyo profile',
};
