import { createHmac } from 'node:crypto';

/** HubSpot's fetch proxy, as the app's backend meets it: who asks goes into the query, and the whole is signed (v3). */
export interface ProxyUser {
  portalId: string;
  clientSecret: string;
  appId: string;
  /** The backend's public address. */
  backend: string;
  /** Who looks at the page; somebody of operations when left out. */
  userId?: string;
  userEmail?: string;
}

export interface ProxyAnswer {
  status: number;
  json: unknown;
  text: string;
}

/** Calls the backend as the settings page or a card would. */
export async function hubspotFetch(
  user: ProxyUser,
  method: string,
  path: string,
  body?: unknown,
): Promise<ProxyAnswer> {
  const url = new URL(user.backend + path);
  url.searchParams.set('portalId', user.portalId);
  url.searchParams.set('userId', user.userId ?? '7001');
  url.searchParams.set('userEmail', user.userEmail ?? 'ops@example.com');
  url.searchParams.set('appId', user.appId);
  const rawBody = body === undefined ? '' : JSON.stringify(body);
  const timestamp = String(Date.now());
  // What is signed has these escapes undone.
  const escapes: Record<string, string> = {
    '%3A': ':',
    '%2F': '/',
    '%3F': '?',
    '%40': '@',
    '%21': '!',
    '%24': '$',
    '%27': "'",
    '%28': '(',
    '%29': ')',
    '%2A': '*',
    '%2C': ',',
    '%3B': ';',
  };
  const uri = Object.entries(escapes).reduce(
    (text, [escape, character]) => text.replaceAll(escape, character),
    url.href,
  );
  const signature = createHmac('sha256', user.clientSecret)
    .update(method + uri + rawBody + timestamp)
    .digest('base64');
  const response = await fetch(url, {
    method,
    headers: {
      'content-type': 'application/json',
      'x-hubspot-signature-v3': signature,
      'x-hubspot-request-timestamp': timestamp,
    },
    ...(rawBody === '' ? {} : { body: rawBody }),
    redirect: 'manual',
  });
  const text = await response.text();
  const isJson = (response.headers.get('content-type') ?? '').includes('json') && text !== '';
  return { status: response.status, json: isJson ? JSON.parse(text) : undefined, text };
}

/** Goes through the app's installation as a browser would: consent, cookies, redirects. Answers the last page. */
export async function installApp(backend: string, portalId: string): Promise<{ status: number; text: string }> {
  const begin = await fetch(`${backend}/oauth/hubspot/install`, { redirect: 'manual' });
  const cookie = (begin.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
  const consent = new URL(begin.headers.get('location') ?? '');
  const approved = await fetch(`${consent.origin}/oauth/authorize/approve`, {
    method: 'POST',
    redirect: 'manual',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({
      portalId,
      redirect_uri: consent.searchParams.get('redirect_uri') ?? '',
      scope: consent.searchParams.get('scope') ?? '',
      state: consent.searchParams.get('state') ?? '',
    }).toString(),
  });
  const back = await fetch(approved.headers.get('location') ?? '', { headers: { cookie }, redirect: 'manual' });
  return { status: back.status, text: await back.text() };
}
