import { z } from 'zod';

/** What a card shows of email activity, of a contact, a company or a deal. */

const time = z.iso.datetime();
const count = z.number().int().nonnegative();

/** Whether activity is collected at all, and whether HubSpot lets it onto timelines. */
const emailActivity = z.object({
  state: z.enum(['on', 'paused', 'off']),
  timeline: z.object({ approved: z.boolean(), message: z.string() }),
});

export const activityFields = {
  totals: z.object({
    sent: count,
    opened: count,
    clicked: count,
    bounced: count,
    unsubscribed: count,
    spam: count,
    leftOut: z.object({ machineOpens: count, botClicks: count }),
  }),
  byDay: z.array(z.object({ day: z.iso.date(), sent: count, opened: count, clicked: count })),
  latest: z.array(
    z.object({
      type: z.enum(['sent', 'delivered', 'opened', 'clicked', 'bounced', 'unsubscribed', 'spam']),
      at: time,
      contactId: z.string(),
      /** Who did it: the address the email went to, and the record in HubSpot. */
      contact: z.object({ email: z.string().nullable(), hubspotUrl: z.string() }),
      message: z.string().nullable(),
      subject: z.string().nullable(),
      url: z.string().nullable(),
      campaignUrl: z.string().nullable(),
      bot: z.boolean(),
      because: z.string().nullable(),
      /** What an event on the timeline says and is known better since: it cannot be taken back there. */
      correction: z.string().nullable(),
    }),
  ),
  emailActivity,
};

/** The card of a company or a deal: its contacts together. */
export const recordCard = z.object({ contacts: count, ...activityFields });
