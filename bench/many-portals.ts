import type { Ground } from './database.js';
import { firstSync } from './first-sync.js';
import { portalId, type Backend, type Stands } from './stage.js';

/** Id of the Klaviyo stand-in's n-th account, counted from 1. */
export const companyId = (n: number): string => (n < 10 ? `TANDM${n}` : `TA${String(n).padStart(4, '0')}`);

/**
 * Connects so many portals, each with a Klaviyo account of its own. The first goes the usual way, over HTTP; the others get
 * the same connection by SQL, with tokens that HubSpot's stand-in gave them. Their sweeps are due one after another over
 * the period, as those of customers who came one after another are.
 */
export async function connectPortals(stands: Stands, backend: Backend, ground: Ground, portals: number): Promise<void> {
  await firstSync(stands, backend, 1);
  const rows: Record<string, unknown>[] = [];
  for (let n = 2; n <= portals; n += 20)
    rows.push(
      ...(await Promise.all(
        Array.from({ length: Math.min(20, portals - n + 1) }, (_one, index) => portalRow(stands, ground, n + index)),
      )),
    );
  await ground.query(
    `insert into portal (id, name, ui_domain, state, access_token, refresh_token, access_expires_at, scopes, hubspot_fields, hubspot_fields_at)
     select x.id, 'Account ' || x.id, p.ui_domain, 'installed', x.access, x.refresh, now() + make_interval(secs => x.seconds), p.scopes, p.hubspot_fields, now()
     from jsonb_to_recordset($1::jsonb) as x (id bigint, access text, refresh text, seconds int), portal p where p.id = $2`,
    [JSON.stringify(rows), portalId],
  );
  await ground.query(
    `insert into klaviyo_account (id, portal_id, company_id, name, state, auth, api_key, klaviyo_fields, klaviyo_fields_at)
     select x.account, x.id, x.company, x.company, 'connected', 'api_key', x.key, a.klaviyo_fields, now()
     from jsonb_to_recordset($1::jsonb) as x (id bigint, account uuid, company text, key text), klaviyo_account a where a.portal_id = $2`,
    [JSON.stringify(rows), portalId],
  );
  await ground.query(
    `insert into connection (portal_id, klaviyo_account_id, type, name, state, config, activated_at, last_success_at)
     select k.portal_id, k.id, c.type, c.name, 'active', c.config, now(), now() from klaviyo_account k, connection c
     where c.portal_id = $1 and k.portal_id <> $1`,
    [portalId],
  );
  await ground.query(
    `insert into sweep (klaviyo_account_id, portal_id, name, position, due_at, succeeded_at)
     select k.id, k.portal_id, s.name,
       case when s.name = 'links' then jsonb_build_object('after', '0', 'startedMs', (extract(epoch from now()) + random() * 300) * 1000) else s.position end, now() + make_interval(secs => random() * 30), now()
     from klaviyo_account k, sweep s where s.portal_id = $1 and k.portal_id <> $1`,
    [portalId],
  );
  // Their first audit, of no pairs, lies behind them.
  const audit = {
    checkedPairs: 0,
    comparedValues: 0,
    agreeing: 0,
    drift: 0,
    causes: {},
    worstLagSeconds: 0,
    differences: [],
  };
  await ground.query(
    `insert into parity (connection_id, portal_id, last, checked_at)
     select id, portal_id, $2::jsonb || jsonb_build_object('startedAt', now()), now() from connection where portal_id <> $1`,
    [portalId, JSON.stringify(audit)],
  );
  await ground.query('vacuum analyze');
}

async function portalRow({ hubspot }: Stands, { sealer }: Ground, n: number): Promise<Record<string, unknown>> {
  const id = String(Number(portalId) + n - 1);
  const redirect = 'http://localhost/callback';
  const post = (path: string, fields: Record<string, string>): Promise<Response> =>
    fetch(hubspot.url + path, { method: 'POST', body: new URLSearchParams(fields), redirect: 'manual' });
  const approved = await post('/oauth/authorize/approve', { portalId: id, redirect_uri: redirect, scope: 'oauth' });
  const code = new URL(approved.headers.get('location') ?? '').searchParams.get('code') ?? '';
  const issued = (await (
    await post('/oauth/2026-09/token', {
      grant_type: 'authorization_code',
      client_id: hubspot.clientId,
      client_secret: hubspot.clientSecret,
      redirect_uri: redirect,
      code,
    })
  ).json()) as { access_token: string; refresh_token: string; expires_in: number };
  const account = crypto.randomUUID();
  return {
    id,
    access: sealer.seal(issued.access_token, `portal:${id}:hubspot`),
    refresh: sealer.seal(issued.refresh_token, `portal:${id}:hubspot`),
    seconds: issued.expires_in,
    account,
    company: companyId(n),
    key: sealer.seal(`pk_sandbox_${companyId(n)}`, `klaviyo_account:${account}`),
  };
}
