import { connectKlaviyo, draftConnection, until, type World } from '../helpers/service.js';

/** Records whose cards show every state, laid down in the service's own store: no state has to be waited for. */
export interface CardRecords {
  /** In sync, with activity of every kind. */
  lively: string;
  /** In sync, no email yet. */
  quiet: string;
  /** By state; nothing else is known of them. */
  states: Record<'skipped' | 'failed' | 'not_in_scope' | 'unlinked', string>;
  /** Belong to everybody with activity. */
  company: string;
  deal: string;
}

const long = 'Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft'.repeat(2);

const activities: {
  kind: string;
  message: string;
  subject: string | null;
  url?: string;
  bot?: string;
  days: number;
}[] = [
  {
    kind: 'clicked',
    message: 'Autumn sale',
    subject: 'Warm socks, 20 % off until Sunday',
    url: 'https://www.shop.example/collections/socks?utm_source=klaviyo',
    days: 0.1,
  },
  { kind: 'opened', message: 'Autumn sale', subject: 'Warm socks, 20 % off until Sunday', days: 0.2 },
  { kind: 'opened', message: 'Autumn sale', subject: null, bot: 'klaviyo_machine_open', days: 0.3 },
  { kind: 'received', message: 'Autumn sale', subject: 'Warm socks, 20 % off until Sunday', days: 0.4 },
  { kind: 'received', message: '秋の大セール – 靴下二割引', subject: 'خصم ٢٠٪ على الجوارب', days: 3 },
  {
    kind: 'clicked',
    message: long,
    subject: long,
    url: `https://shop.example/${'path-without-a-break'.repeat(12)}`,
    days: 6,
  },
  { kind: 'bounced', message: 'Newsletter 41', subject: 'News of the week', days: 20 },
  { kind: 'unsubscribed', message: 'Newsletter 40', subject: 'News of the week', days: 27 },
  { kind: 'received', message: 'Newsletter 39', subject: 'News of the week', days: 34 },
];

/** Sets the world up: one active contact connection, one of email activity, and the records. */
export async function layDownRecords(world: World): Promise<CardRecords> {
  const sql = (text: string, parameters: unknown[] = []): Promise<Record<string, unknown>[]> =>
    world.database.db.query(text, parameters);
  const { portalId } = world;
  const account = await connectKlaviyo(world);
  const connection = await draftConnection(world, { klaviyoAccountId: account, name: 'Customers' });
  const activated = await world.call('POST', `/connections/${connection}/activate`);
  if (activated.status !== 202) throw new Error(activated.text);
  const ids = [...(world.hubspot.portals.get(portalId)?.contacts.keys() ?? [])];
  const [lively = '', quiet = '', skipped = '', failed = '', notInScope = '', other = ''] = ids;
  await until('the first sync', async () => {
    const [row] = await sql(`select count(*) as n from standing where portal_id = $1 and state = 'in_sync'`, [
      portalId,
    ]);
    return Number(row?.['n']) >= ids.length ? true : null;
  });
  await world.call('POST', `/connections/${connection}/pause`);
  // A batch that is under way still writes down what it did: over what is laid down below.
  await until('the drain to end', async () =>
    (await sql(`select from lease where name = $1 and until > now()`, [`drain:${account}`])).length === 0 ? true : null,
  );
  const engagement = await world.call('POST', '/connections', { type: 'engagement', klaviyoAccountId: account });
  await sql(`update connection set state = 'active' where id::text = $1`, [(engagement.json as { id: string }).id]);
  const stand = (id: string, state: string, reason: string, message: string): Promise<unknown> =>
    sql(
      `update standing set state = $3, reason = $4, message = $5 where portal_id = $1 and side = 'hubspot' and record_id = $2`,
      [portalId, id, state, reason, message],
    );
  await stand(
    skipped,
    'skipped',
    'no_email',
    'The contact has no email address, and email is what links the two sides.',
  );
  await stand(failed, 'failed', 'invalid_phone', 'A value could not be synced.');
  await stand(
    notInScope,
    'not_in_scope',
    'left_rules',
    'The contact matches no rule any more; updates have stopped, nothing was deleted.',
  );
  const without = [portalId, [skipped, notInScope]];
  await sql(`delete from link where portal_id = $1 and hubspot_id = any ($2)`, without);
  await sql(
    `update standing set lists = '{}' where portal_id = $1 and side = 'hubspot' and record_id = any ($2)`,
    without,
  );
  await sql(
    `insert into issue (portal_id, connection_id, code, side, record_id, hubspot_id, title, detail, fix)
     values ($1, $2, 'invalid_phone', 'hubspot', $3, $3, 'Phone number cannot be converted', '“0171 1234” has no country.',
       'Write the number with its country code (+49 …), or set the contact’s country or the connection’s default region.')`,
    [portalId, connection, failed],
  );
  const [companyId, dealId] = ['9001', '9002'];
  const who: [id: string, email: string, shift: number][] = [
    [lively, 'ada.lovelace@example.com', 0],
    [other, `somebody.with.a.very.long.address.${'x'.repeat(40)}@subsidiary.of.a.company.example.com`, 0.05],
  ];
  for (const [contactId, email, shift] of who) {
    await sql(`insert into engaged_contact (portal_id, contact_id, company_id, deal_ids) values ($1, $2, $3, $4)`, [
      portalId,
      contactId,
      companyId,
      [dealId],
    ]);
    await sql(
      `insert into activity (portal_id, klaviyo_account_id, event_id, kind, at, profile_id, email, message_key, facts, due_at, verdict, decision, because, counted, contact_id, shown_at)
       select $1, $2, 'e' || x.n || '-' || $3, x.kind, now() - make_interval(secs => (x.days + $4) * 86400), 'p', $5, 'm' || x.n,
         jsonb_build_object('name', x.message, 'subject', x.subject, 'url', x.url, 'groupIds', '[]'::jsonb, 'flowId', case when x.n % 2 = 0 then 'F1' end), null,
         coalesce(x.bot, 'human'), case when x.bot is null then 'deliver' else 'left_out' end, 'first', x.bot is null, $3, now()
       from jsonb_to_recordset($6::jsonb) as x (n int, kind text, message text, subject text, url text, bot text, days float)`,
      [portalId, account, contactId, shift, email, JSON.stringify(activities.map((one, n) => ({ ...one, n })))],
    );
  }
  return {
    lively,
    quiet,
    states: { skipped, failed, not_in_scope: notInScope, unlinked: '999999' },
    company: companyId,
    deal: dealId,
  };
}
