import { hubspotFetch, type ProxyUser } from '../sandbox/hubspot/fetch-proxy.js';
import { startGround, type Ground } from './database.js';
import { firstSync } from './first-sync.js';
import { pause, percentile, portalId, startBackend, startStands } from './stage.js';

const issues = 5000;
interface Route {
  path: string;
  p50: number;
  p95: number;
  /** Of service and database, each time. */
  cpuMs: number;
}

/** Asked how often, each. */
const times = 60;

/**
 * What the cards and the settings page ask for, over HTTP and signed, in an installation with so many activities and
 * links, made in SQL: the 95th percentile of each route, the slowest first.
 */
export async function apiAnswers(
  activities: number,
  links: number,
): Promise<{ rows: [string, string, string, string][]; routes: Route[] }> {
  const stands = await startStands(50, 'off');
  const ground = await startGround();
  // Nothing is swept meanwhile: pages are measured, and these links have nobody behind them.
  const backend = await startBackend(stands, 'off', { ...ground.environment, POLL_SECONDS: '3600' });
  try {
    const { connectionId } = await firstSync(stands, backend, 50);
    const { id: engagement } = await backend.call<{ id: string }>('POST', '/connections', {
      type: 'engagement',
      klaviyoAccountId: (await backend.call<{ klaviyoAccountId: string }>('GET', `/connections/${connectionId}`))
        .klaviyoAccountId,
    });
    await fill(ground, connectionId, engagement, activities, links);
    const contact = (): string => String(10_000_000 + Math.floor(Math.random() * links) + 1);
    const paths: [string, () => string][] = [
      ['a contact’s card', () => `/contacts/${contact()}`],
      ['the card of who has the most activity', () => `/contacts/10000001`],
      ['a company’s card, 500 people', () => '/companies/900000001'],
      ['a deal’s card', () => '/deals/900000002'],
      ['/account', () => '/account'],
      ['/overview', () => '/overview'],
      ['/klaviyo-accounts', () => '/klaviyo-accounts'],
      ['/connections', () => '/connections'],
      ['/connections/:id', () => `/connections/${connectionId}`],
      ['/connections/:id/status', () => `/connections/${connectionId}/status`],
      ['/connections/:id/status of email activity', () => `/connections/${engagement}/status`],
      ['/connections/:id/runs', () => `/connections/${connectionId}/runs`],
      ['/connections/:id/parity', () => `/connections/${connectionId}/parity`],
      ['/issues', () => '/issues'],
      ['/issues?connectionId&code', () => `/issues?connectionId=${connectionId}&code=invalid_phone`],
      ['/issues/groups', () => '/issues/groups'],
      ['/history', () => '/history'],
      ['/history?connectionId', () => `/history?connectionId=${connectionId}`],
      ['/history?contactId', () => `/history?contactId=${contact()}`],
      ['/erasures', () => '/erasures'],
    ];
    const routes: Route[] = [];
    const cpuSeconds = async (): Promise<number> => (await backend.cost()).cpuSeconds + (await ground.cpuSeconds());
    for (const [path, ask] of paths) {
      const delays: number[] = [];
      let before = NaN;
      for (let n = 0; n < times + 5; n += 1) {
        if (n === 5) before = await cpuSeconds();
        const took = await answered(backend.user, ask());
        // The first few open connections and fill caches.
        if (n >= 5) delays.push(took);
        await pause(2);
      }
      const cpuMs = (((await cpuSeconds()) - before) * 1000) / times;
      routes.push({ path, p50: percentile(delays, 0.5), p95: percentile(delays, 0.95), cpuMs });
    }
    routes.sort((one, other) => other.p95 - one.p95);
    const [slowest] = routes;
    const told = routes.slice(0, 3).map(({ path, p95 }) => `${path} ${p95.toFixed(0)} ms`);
    const costly = routes.reduce((one, other) => (other.cpuMs > one.cpuMs ? other : one));
    const size = `${activities.toLocaleString('en')} activities, ${links.toLocaleString('en')} links, ${issues.toLocaleString('en')} issues`;
    return {
      rows: [
        [
          `cards and settings page, ${size}`,
          `slowest p95 ${(slowest?.p95 ?? NaN).toFixed(0)} ms (${told.join('; ')}); most CPU ${costly.cpuMs.toFixed(1)} ms (${costly.path})`,
          'p95 ≤ 50 ms',
          '',
        ],
      ],
      routes,
    };
  } finally {
    await backend.close();
    await ground.close();
    await stands.close();
  }
}

/** Milliseconds until the answer. A portal may ask so and so often a minute: who asks faster waits for the next one. */
async function answered(user: ProxyUser, path: string): Promise<number> {
  for (;;) {
    const asked = performance.now();
    const answer = await hubspotFetch(user, 'GET', `/api/v1${path}`);
    if (answer.status === 200) return performance.now() - asked;
    if (answer.status !== 429) throw new Error(`${path}: ${answer.status} ${answer.text}`);
    await pause(1000);
  }
}

/** People of the portal, each with a pair, a standing, a line of history; activities spread over them; issues. */
async function fill(
  ground: Ground,
  connection: string,
  engagement: string,
  activities: number,
  links: number,
): Promise<void> {
  const ids = `(select a.id as account, a.portal_id as portal from klaviyo_account a where a.portal_id = ${portalId}) as ids`;
  // Indexes that are filled row by row take most of the time: they are made anew once the rows are there.
  const bulk = async (table: string, insert: string): Promise<void> => {
    const indexes = await ground.query<{ name: string; def: string }>(
      `select c.relname as name, pg_get_indexdef(i.indexrelid) as def from pg_index i join pg_class c on c.oid = i.indexrelid
       where i.indrelid = $1::regclass and not i.indisunique`,
      [table],
    );
    await ground.query(`alter table ${table} disable trigger user`);
    for (const { name } of indexes) await ground.query(`drop index ${name}`);
    await ground.query(insert);
    for (const { def } of indexes) await ground.query(def);
    await ground.query(`alter table ${table} enable trigger user`);
  };
  await ground.query(`alter system set max_wal_size = '8GB'`);
  await ground.query(`alter system set maintenance_work_mem = '512MB'`);
  await ground.query('select pg_reload_conf()');
  await bulk(
    'link',
    `insert into link (portal_id, klaviyo_account_id, hubspot_id, klaviyo_id, email, base)
     select portal, account, (10000000 + n)::text, 'P' || n, n || '@example.com', '{"contact.firstname|attribute.first_name": "Ada"}'
     from generate_series(1, ${links}) as n, ${ids}`,
  );
  await bulk(
    'standing',
    `insert into standing (connection_id, portal_id, side, record_id, state)
     select '${connection}', portal, 'hubspot', (10000000 + n)::text, case when n % 200 = 0 then 'failed' else 'in_sync' end
     from generate_series(1, ${links}) as n, ${ids}`,
  );
  await ground.query(
    `insert into standing_count (connection_id, state, reason, n)
     values ($1, 'in_sync', '', $2) on conflict (connection_id, state, reason) do update set n = excluded.n`,
    [connection, links],
  );
  await bulk(
    'history',
    `insert into history (portal_id, klaviyo_account_id, connection_id, side, action, hubspot_id, klaviyo_id, email, because, settled_at, outcome)
     select portal, account, '${connection}', 'klaviyo', 'update', (10000000 + n)::text, 'P' || n, n || '@example.com', 'hubspot changed', now(), 'done'
     from generate_series(1, ${links}) as n, ${ids}`,
  );
  await ground.query(
    `insert into issue (portal_id, connection_id, code, side, record_id, title, detail, fix, hubspot_id, email)
     select portal, '${connection}', case n % 3 when 0 then 'invalid_phone' when 1 then 'option_missing' else 'email_taken_in_klaviyo' end,
       'hubspot', (10000000 + n)::text, 'A title', 'What happened', 'What to do', (10000000 + n)::text, n || '@example.com'
     from generate_series(1, ${issues}) as n, ${ids}`,
  );
  // One person in a hundred thousand has very many; all others some.
  await bulk(
    'activity',
    `insert into activity (portal_id, klaviyo_account_id, event_id, kind, at, profile_id, email, message_key, facts, due_at, verdict, decision, because, counted, connection_id, contact_id, shown_at, shown_as)
     select portal, account, 'E' || n, (array['received', 'received', 'opened', 'clicked'])[1 + n % 4], now() - make_interval(mins => (n % 500000)::int),
       'P' || who, who || '@example.com', 'M' || n % 500, jsonb_build_object('messageId', 'M' || n % 500, 'subject', 'News of the week', 'name', 'Newsletter', 'url', null, 'groupIds', '[]'::jsonb),
       null, 'human', 'shown', 'first', true, '${engagement}', (10000000 + who)::text, now(), 'human'
     from (select n, case when n % 1000 = 0 then 1 else 1 + n % ${links} end as who from generate_series(1, ${activities}) as n) as x, ${ids}`,
  );
  await ground.query(
    `insert into activity_day (portal_id, contact_id, day, kind, n, left_out)
     select portal_id, contact_id, coalesce((at at time zone 'utc')::date, '-infinity'), kind, count(*), 0
     from activity group by grouping sets ((portal_id, contact_id, kind, (at at time zone 'utc')::date), (portal_id, contact_id, kind))`,
  );
  await ground.query(
    `insert into engaged_contact (portal_id, contact_id, company_id, deal_ids)
     select portal, (10000000 + n)::text, case when n <= 500 then '900000001' end, case when n <= 5 then array['900000002'] else '{}' end
     from generate_series(1, least(${links}, 100000)) as n, ${ids}`,
  );
  await ground.query(
    `insert into email_message (klaviyo_account_id, portal_id, message_id, campaign_id, name, subject)
     select account, portal, 'M' || n, 'C' || n, 'Newsletter', 'News of the week' from generate_series(0, 499) as n, ${ids}`,
  );
  await ground.query('vacuum analyze');
}
