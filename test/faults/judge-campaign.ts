import { differences } from '../../sandbox/agreement.js';
import { appEventsOf } from '../helpers/engagement.js';
import type { World } from '../helpers/service.js';
import type { Crowd, Written } from './crowd.js';

export interface Violation {
  rule: string;
  what: string;
}

/** What was found wrong, and how much was looked at, by what must hold of it. */
export interface Judgement {
  violations: Violation[];
  judged: Record<string, number>;
}

/** Everything that must be true of both sides and of what the service keeps once all is quiet. */
export async function judgeCampaign(world: World, crowd: Crowd): Promise<Judgement> {
  const { portal, account, firstnames, companies, titles } = crowd;
  const people = portal.contacts.size + account.profiles.size;
  return {
    violations: [
      ...differences(portal, account).map((one) => ({ rule: 'G1 agreement', what: JSON.stringify(one) })),
      ...judgeValues(crowd),
      ...judgeDuplicates(crowd),
      ...judgeConsent(crowd),
      ...(await judgeRefusals(world, crowd)),
      ...(await judgeActivity(world, crowd)),
      ...(await judgeKept(world)),
    ],
    judged: {
      'records that agree with the other side': people,
      'records that are there once': people,
      'fields that hold their last edit': firstnames.size + companies.size + titles.size,
      'opt-outs that stand on both sides': crowd.optedOut.size,
      'numbers that are right or have an issue': crowd.phones.size,
      'clicks that are on one timeline once': crowd.clicks.size,
      'kinds of rows that must not be left': leftovers.length,
    },
  };
}

/** F5: a number that Klaviyo does not take has an issue that names its contact; one that it takes is there and has none. */
async function judgeRefusals(world: World, crowd: Crowd): Promise<Violation[]> {
  const open = new Set(
    (
      await world.database.db.query<{ id: string }>(
        `select hubspot_id as id from issue where code = 'invalid_phone' and hubspot_id is not null`,
      )
    ).map(({ id }) => id),
  );
  return [...crowd.phones].flatMap(([email, { value, right }]) => {
    const [contact, profile] = [crowd.contact(email), crowd.profile(email)];
    const told = open.has(contact?.id ?? '');
    const there = contact?.properties['phone'] === value && (!right || profile?.phone_number === value);
    const what = `${value} of ${email}: ${told ? 'an' : 'no'} issue; HubSpot ${contact?.properties['phone'] ?? '-'}, Klaviyo ${profile?.phone_number ?? '-'}`;
    return there && told !== right ? [] : [{ rule: 'F5 refusal', what }];
  });
}

/** No change is lost: each field holds the last thing that a person gave it on a side where people change it. */
function judgeValues(crowd: Crowd): Violation[] {
  const wrong = (
    name: string,
    written: Map<string, Written>,
    read: (email: string) => [string | undefined, string | null | undefined],
  ): Violation[] =>
    [...written].flatMap(([email, { hubspot, klaviyo }]) => {
      const [h, k] = read(email);
      const right = h === k && h !== undefined && (h === hubspot || h === klaviyo);
      const what = `${name} of ${email}: HubSpot ${h ?? '-'}, Klaviyo ${k ?? '-'}; written ${hubspot ?? '-'}, ${klaviyo ?? '-'}`;
      return right ? [] : [{ rule: 'G1 lost change', what }];
    });
  return [
    ...wrong('first name', crowd.firstnames, (email) => [
      crowd.contact(email)?.properties['firstname'],
      crowd.profile(email)?.first_name,
    ]),
    ...wrong('company', crowd.companies, (email) => [
      crowd.contact(email)?.properties['company'],
      crowd.profile(email)?.organization,
    ]),
    ...wrong('job title', crowd.titles, (email) => [
      crowd.contact(email)?.properties['jobtitle'],
      crowd.profile(email)?.title,
    ]),
  ];
}

function judgeDuplicates({ portal, account }: Crowd): Violation[] {
  const emails = [
    ...[...portal.contacts.values()].map(({ properties }) => `HubSpot ${properties['email']?.toLowerCase() ?? ''}`),
    ...[...account.profiles.values()].map(({ email }) => `Klaviyo ${email?.toLowerCase() ?? ''}`),
  ].filter((one) => one.includes('@'));
  const twice = emails.filter((one, index) => emails.indexOf(one) !== index);
  return twice.map((one) => ({ rule: 'B4 duplicate', what: one }));
}

/** What the service wrote down about the people of lost changes, to tell how it came about. */
export async function storyOf(world: World, violations: readonly Violation[]): Promise<string[]> {
  const told = violations.filter(({ rule }) => rule === 'G1 lost change').slice(0, 3);
  const stories = await Promise.all(
    told.map(({ what }) =>
      world.database.db.query<{ line: string }>(
        `select concat_ws(' ', to_char(at, 'HH24:MI:SS.MS'), side, action, coalesce(outcome, 'open'), fields::text) as line
         from history where position(lower(coalesce(email, '-')) in lower($1)) > 0 order by id`,
        [what],
      ),
    ),
  );
  return [
    ...stories.flatMap((lines, n) => [`Story of ${told[n]?.what ?? ''}`, ...lines.map(({ line }) => line)]),
    ...(violations.length === 0 ? [] : await whatWaits(world)),
  ];
}

/** Jobs and leases as they stand: whether something is at work, or waits for what. */
async function whatWaits(world: World): Promise<string[]> {
  const lines = await world.database.db.query<{ line: string }>(
    `select concat_ws(' ', 'now', now()) as line
     union all select concat_ws(' ', 'job', name, state, singleton_key, 'from', start_after, 'since', started_on, 'retries', retry_count, output::text)
       from pgboss.job where state < 'completed'
     union all select concat_ws(' ', 'lease', l::text) from lease l`,
  );
  return lines.map(({ line }) => line.slice(0, 400));
}

/** Nobody who opted out anywhere is subscribed, and the other side knows. */
function judgeConsent(crowd: Crowd): Violation[] {
  return [...crowd.optedOut].flatMap(([email, side]) => {
    const [contact, profile] = [crowd.contact(email), crowd.profile(email)];
    const out = profile?.consent === 'UNSUBSCRIBED' || (profile?.suppressions.length ?? 0) > 0;
    const told = contact?.properties['hs_email_optout'] === 'true';
    const what = `${email} opted out in ${side}: Klaviyo ${profile?.consent ?? '-'}, HubSpot ${told ? 'out' : 'in'}`;
    return out && told && profile?.consent !== 'SUBSCRIBED' ? [] : [{ rule: 'C2 consent', what }];
  });
}

/** Each click is on the timeline of who clicked, once. */
async function judgeActivity(world: World, crowd: Crowd): Promise<Violation[]> {
  const shown = new Map<string, string[]>();
  for (const { eventTypeName, objectId, properties } of await appEventsOf(world)) {
    const link = properties['link'] ?? '';
    if (eventTypeName.endsWith('-contact') && crowd.clicks.has(link))
      shown.set(link, [...(shown.get(link) ?? []), objectId]);
  }
  const known = await world.database.db.query<{ url: string; told: string }>(
    `select facts->>'url' as url, concat_ws(', ', 'contact ' || contact_id, verdict, decision, because) as told
     from activity where kind = 'clicked'`,
  );
  return [...crowd.clicks].flatMap(([link, email]) => {
    const [expected, on] = [crowd.contact(email)?.id ?? '', shown.get(link) ?? []];
    const told = known.find(({ url }) => url === link)?.told ?? 'not collected';
    return on.length === 1 && on[0] === expected
      ? []
      : [{ rule: 'E9 activity', what: `${link} of ${email} (${expected}) is on [${on.join(', ')}]: ${told}` }];
  });
}

/** Each statement finds what must not be there; its text column says what it is. */
const leftovers: readonly (readonly [string, string])[] = [
  ['G1 change waits', `select side || ' ' || record_id as what from change`],
  [
    'F3 run stuck',
    `select r.kind || ' run of the ' || c.type || ' connection is ' || r.state || ' since ' || coalesce(r.started_at, r.queued_at)
       || ', done ' || r.done || ' of ' || coalesce(r.total, 0) || ' ' || coalesce(r.cursor::text, '') as what
     from run r join connection c on c.id = r.connection_id where r.state in ('queued', 'running', 'failed')`,
  ],
  ['G1 webhook waits', `select count(*) || ' deliveries' as what from hint_batch having count(*) > 0`],
  ['E9 activity waits', `select object || ' ' || object_id || ' ' || state as what from app_event_due`],
  [
    'F2 unsettled',
    `select side || ' ' || action || ' of ' || coalesce(hubspot_id, klaviyo_id, '') as what from history where outcome is null`,
  ],
  [
    'F5 failed without an issue',
    `select s.side || ' ' || s.record_id || ' ' || coalesce(s.reason, '') as what from standing s where s.state = 'failed'
      and not exists (select from issue i where i.connection_id = s.connection_id and i.side = s.side and i.record_id = s.record_id)`,
  ],
  ['F5 issue of a connection', `select code || ': ' || detail as what from issue where record_id = ''`],
  [
    'G1 connection',
    `select name || ' is ' || state || ' ' || coalesce(state_reason, '') as what from connection where state <> 'active'`,
  ],
  [
    'G1 link twice',
    `select email || ' has ' || count(*) || ' links' as what from link group by portal_id, email having count(*) > 1`,
  ],
  [
    'G1 queue',
    `select name || ' ' || state || ' since ' || coalesce(started_on, start_after) as what from pgboss.job
      where name = 'dead' or (state in ('created', 'retry') and start_after < now() - interval '15 seconds')
        or (state = 'active' and started_on < now() - interval '90 seconds')`,
  ],
];

async function judgeKept(world: World): Promise<Violation[]> {
  const found = await Promise.all(
    leftovers.map(async ([rule, sql]) =>
      (await world.database.db.query<{ what: string }>(sql)).map(({ what }) => ({ rule, what })),
    ),
  );
  return found.flat();
}
