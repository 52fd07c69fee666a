// Makes the app event types of the HubSpot project: one file for each activity and object, all from one table.
//   node scripts/app-events.mjs           writes hubspot-app/app/app-events
//   node scripts/app-events.mjs --check   fails when a file is not what it would be made to
//   node scripts/app-events.mjs --leave-out   takes them away for the first upload: HubSpot wants the project deployed
//                                         once, and the app approved for app events, before it takes them
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { format } from 'oxfmt';

const folder = 'hubspot-app/app/app-events';
const activities = [
  ['email_sent', 'Klaviyo email sent', 'Sent'],
  ['email_delivered', 'Klaviyo email delivered', 'Delivered'],
  ['email_opened', 'Klaviyo email opened', 'Opened'],
  ['email_clicked', 'Klaviyo email clicked', 'Clicked'],
  ['email_bounced', 'Klaviyo email bounced', 'Bounced'],
  ['email_unsubscribed', 'Klaviyo unsubscribed', 'Unsubscribed after'],
  ['email_marked_spam', 'Klaviyo marked as spam', 'Marked as spam'],
];
const properties = [
  ['message', 'Message'],
  ['subject', 'Subject'],
  ['link', 'Clicked link'],
  ['campaign_url', 'Campaign or flow in Klaviyo'],
  ['bounce_type', 'Kind of bounce'],
  ['list', 'List'],
  ['email', 'Email address'],
  ['bot', 'Done by a machine'],
];
const when = (name, text) => `{{#if ${name}}}${text}{{/if}}`;

function typeOf([activity, name, verb], object) {
  // A company's or deal's timeline tells whose activity it was.
  const whose = object === 'contact' ? '' : when('email', ' ({{email}})');
  return {
    uid: `${activity}-${object}`,
    type: 'app-event',
    config: {
      name: `${name} (${object})`,
      objectType: object.toUpperCase(),
      headerTemplate: `${verb}: *{{message}}*${whose}${when('bot', ' · by a machine')}`,
      detailTemplate: [
        when('subject', '**Subject:** {{subject}}\n\n'),
        when('link', '**Link:** [{{link}}]({{link}})\n\n'),
        when('bounce_type', '**Bounce:** {{bounce_type}}\n\n'),
        when('list', '**List:** {{list}}\n\n'),
        when('campaign_url', '[Open in Klaviyo]({{campaign_url}})'),
      ].join(''),
      properties: properties.map(([property, label]) => ({ name: property, label, type: 'string' })),
    },
  };
}

const made = new Map();
for (const activity of activities)
  for (const object of ['contact', 'company', 'deal']) {
    const type = typeOf(activity, object);
    const name = `${type.uid}-hsmeta.json`;
    made.set(name, (await format(name, JSON.stringify(type), { printWidth: 120 })).code);
  }
const there = await readdir(folder).catch(() => []);
if (process.argv.includes('--check')) {
  const wrong = there.filter((name) => !made.has(name));
  for (const [name, text] of made)
    if ((await readFile(join(folder, name), 'utf8').catch(() => '')) !== text) wrong.push(name);
  if (wrong.length > 0) process.stderr.write(`run node scripts/app-events.mjs: ${wrong.join(', ')}\n`);
  process.exit(wrong.length > 0 ? 1 : 0);
}
if (process.argv.includes('--leave-out')) {
  await rm(folder, { recursive: true, force: true });
  process.exit(0);
}
await mkdir(folder, { recursive: true });
for (const name of there) if (!made.has(name)) await rm(join(folder, name));
for (const [name, text] of made) await writeFile(join(folder, name), text);
process.stdout.write(`${made.size} event types in ${folder}\n`);
