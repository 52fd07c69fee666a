import type { RollupName } from '../rules/engagement/rollup.js';
import { ensureGroup, ensureProperty, type NewProperty } from '../vendors/hubspot/properties.js';
import type { HubspotSession } from '../vendors/hubspot/session.js';

const groupName = 'tandem_email';
type Shape = Pick<NewProperty, 'label' | 'description' | 'type' | 'fieldType' | 'options'>;

const when = (what: string, last: string): Shape => ({
  label: `Email ${last} (last)`,
  description: `When an email ${what} the last time, by Klaviyo. Machines are left out.`,
  type: 'datetime',
  fieldType: 'date',
});
const count = (what: string, days: number): Shape => ({
  label: `Emails ${what} (${days} days)`,
  description: `How many Klaviyo emails were ${what} in the last ${days} days. Machines are left out.`,
  type: 'number',
  fieldType: 'number',
});

const shapes: Record<RollupName, Shape> = {
  tandem_email_last_sent: when('reached the contact', 'sent'),
  tandem_email_last_opened: when('was opened', 'opened'),
  tandem_email_last_clicked: when('was clicked', 'clicked'),
  tandem_email_last_bounced: when('bounced', 'bounced'),
  tandem_email_sent_30_days: count('sent', 30),
  tandem_email_sent_90_days: count('sent', 90),
  tandem_email_opened_30_days: count('opened', 30),
  tandem_email_opened_90_days: count('opened', 90),
  tandem_email_clicked_30_days: count('clicked', 30),
  tandem_email_clicked_90_days: count('clicked', 90),
  tandem_email_status: {
    label: 'Email subscription in Klaviyo',
    description: 'Whether Klaviyo may send marketing emails to the contact.',
    type: 'enumeration',
    fieldType: 'select',
    options: [
      { value: 'SUBSCRIBED', label: 'Subscribed' },
      { value: 'UNSUBSCRIBED', label: 'Unsubscribed' },
      { value: 'NEVER_SUBSCRIBED', label: 'Never subscribed' },
      { value: 'SUPPRESSED', label: 'Suppressed' },
    ],
  },
  tandem_email_engagement_score: {
    label: 'Email engagement score',
    description: '0 to 100: opened and clicked Klaviyo emails of the last 90 days, the last 30 counting most.',
    type: 'number',
    fieldType: 'number',
  },
};

/** Makes sure that the roll-up properties are there (E10); those that are, are left as they are. */
export async function ensureRollupProperties(session: HubspotSession): Promise<void> {
  await ensureGroup(session, { name: groupName, label: 'Email activity (Tandem)' });
  for (const [name, shape] of Object.entries(shapes)) await ensureProperty(session, { name, groupName, ...shape });
}
