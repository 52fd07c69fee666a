import { parseArgs } from 'node:util';
import { firstPortal, startHubspot } from '../sandbox/hubspot/index.js';
import { activityMetrics, activityProperties, type Activity } from '../sandbox/klaviyo/email-activity.js';
import { startKlaviyo } from '../sandbox/klaviyo/index.js';
import { makePeople } from '../sandbox/seed/people.js';

/**
 * The stand-ins as a program, with a history of so many email events of people who are in both. Prints where they are as
 * one line of JSON. `/_sandbox/arrivals` tells how much is on timelines, and when what was marked for it came there.
 */
const { values } = parseArgs({
  options: {
    people: { type: 'string', default: '1000' },
    events: { type: 'string', default: '0' },
    limits: { type: 'string', default: 'on' },
  },
});
const people = makePeople(Number(values.people), 1);
const limits = values.limits !== 'off';
const hubspot = await startHubspot({ people, limits });
const klaviyo = await startKlaviyo({ people, limits, activity: 0 });
const portal = hubspot.portals.get(String(firstPortal));
const account = klaviyo.accounts.get('TANDM1');
if (portal === undefined || account === undefined) throw new Error('The stand-ins have nobody.');

const inBoth = [...account.profiles.values()].filter(
  ({ email, suppressions }) => email !== null && suppressions.length === 0 && portal.emails.has(email.toLowerCase()),
);
// What one person does with one email: it arrives, is opened twice and clicked twice. Two of five are activities.
const story: Activity[] = ['received', 'opened', 'opened', 'clicked', 'clicked'];
const minute = 60_000;
const began = Date.now() - 29 * 24 * 60 * minute;
const step = (28 * 24 * 60 * minute) / Math.max(1, Number(values.events));
for (let n = 0; n < Number(values.events); n += 1) {
  const bundle = Math.floor(n / story.length);
  const profile = inBoth[bundle % inBoth.length];
  const sends = account.sends.length;
  const round = Math.floor(bundle / inBoth.length);
  const send = account.sends[round % sends];
  const activity = story[n % story.length];
  if (profile === undefined || send === undefined || activity === undefined) continue;
  // Whoever has had all there is gets the next mailing of the same kind.
  const mailing = {
    ...send,
    messageId: round < sends ? send.messageId : `${send.messageId}${Math.floor(round / sends)}`,
  };
  const at = Math.floor(began + bundle * story.length * step) + (n % story.length) * minute;
  const properties = activityProperties(activity, profile, mailing, at, { url: 'https://shop.example.com/a' });
  account.events.record({ metric: activityMetrics[activity], profileId: profile.id, at, properties, listedAt: 0 });
}

/** Marks an event whose arrival is looked for. */
const mark = '/arrival/';
const arrivals: { link: string; at: number }[] = [];
const { timeline } = portal;
const set = timeline.set.bind(timeline);
timeline.set = (id, occurrence) => {
  const link = occurrence.properties['link'] ?? '';
  if (link.includes(mark) && occurrence.eventTypeName.endsWith('-contact')) arrivals.push({ link, at: Date.now() });
  return set(id, occurrence);
};
hubspot.router.add('GET', '/_sandbox/arrivals', 'sandbox', () => ({
  status: 200,
  json: {
    size: timeline.size,
    arrivals,
    people: inBoth.slice(0, 500).map(({ email }) => email),
    inBoth: inBoth.length,
  },
}));

const { url, clientId, clientSecret, appId } = hubspot;
process.stdout.write(
  `${JSON.stringify({
    hubspot: { url, clientId, clientSecret, appId },
    klaviyo: { url: klaviyo.url, clientId: klaviyo.clientId, clientSecret: klaviyo.clientSecret },
  })}\n`,
);
const stop = (): void => {
  void Promise.all([hubspot.close(), klaviyo.close()]).then(() => process.exit(0));
};
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
