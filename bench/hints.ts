import { createHmac } from 'node:crypto';
import { pause, percentile, portalId, type Backend, type Stands } from './stage.js';

interface Contact {
  id: string;
  properties: Record<string, string | null>;
}

export interface HintDelay {
  samples: number;
  p50: number;
  p99: number;
}

/** Milliseconds from an edit in HubSpot, told by its webhook, to the value in Klaviyo, with other hints all the while. */
export async function hintDelay(
  { hubspot, klaviyo }: Stands,
  backend: Backend,
  { samples, background }: { samples: number; background: number },
): Promise<HintDelay> {
  const post = (url: string, body: unknown): Promise<Response> =>
    fetch(url, { method: 'POST', body: JSON.stringify(body) });
  const contacts = `${hubspot.url}/_sandbox/portals/${portalId}/contacts`;
  const { results } = (await (await fetch(`${contacts}?limit=400`)).json()) as { results: Contact[] };
  const withEmail = results.filter(({ properties }) => properties['email'] != null);
  const rename = (contact: Contact, firstname: string): Promise<Response> =>
    fetch(`${contacts}/${contact.id}`, { method: 'PATCH', body: JSON.stringify({ properties: { firstname } }) });
  await post(`${hubspot.url}/_sandbox/webhooks`, {
    targetUrl: `${backend.url}/webhooks/hubspot`,
    properties: ['firstname', 'email'],
  });
  let going = true;
  const others = withEmail.slice(samples);
  const noise = (async () => {
    for (let n = 0; going && others.length > 0; n += 1) {
      const other = others[n % others.length];
      if (other !== undefined) await rename(other, `Noise ${n}`);
      await pause(1000 / background);
    }
  })();
  const delays: number[] = [];
  for (const [index, contact] of withEmail.slice(0, samples).entries()) {
    const name = `Hint ${index}`;
    const email = encodeURIComponent(contact.properties['email'] ?? '');
    const started = performance.now();
    await rename(contact, name);
    for (let seen = false; !seen && performance.now() - started < 30_000;) {
      await pause(4);
      const found = (await (await fetch(`${klaviyo.url}/_sandbox/accounts/TANDM1/profiles?email=${email}`)).json()) as {
        results: { attributes: { first_name: string | null } }[];
      };
      seen = found.results[0]?.attributes.first_name === name;
    }
    delays.push(performance.now() - started);
    await pause(20);
  }
  going = false;
  await noise;
  await post(`${hubspot.url}/_sandbox/webhooks`, { targetUrl: null });
  return { samples: delays.length, p50: percentile(delays, 0.5), p99: percentile(delays, 0.99) };
}

export interface Intake {
  eventsPerSecond: number;
  p99: number;
  sent: number;
  stored: number;
}

/** Signed batches of a hundred events for some seconds: how many are taken in, how long an answer takes, and that none is lost. */
export async function intake(stands: Stands, backend: Backend, forMs: number): Promise<Intake> {
  const url = `${backend.url}/webhooks/hubspot`;
  const stored = async (): Promise<number> => {
    const line = /^tandem_webhook_events_total\{[^}]*vendor="hubspot"[^}]*outcome="stored"[^}]*\} (\d+)/m.exec(
      await backend.metrics(),
    );
    return Number(line?.[1] ?? 0);
  };
  const before = await stored();
  const delays: number[] = [];
  let sent = 0;
  const started = performance.now();
  await Promise.all(
    Array.from({ length: 8 }, async (_one, lane) => {
      for (let n = 0; performance.now() - started < forMs; n += 1) {
        const body = JSON.stringify(
          Array.from({ length: 100 }, (_event, index) => ({
            eventId: lane * 1e9 + n * 100 + index,
            subscriptionId: 1,
            portalId: Number(portalId),
            appId: Number(stands.hubspot.appId),
            occurredAt: Date.now(),
            subscriptionType: 'object.propertyChange',
            objectTypeId: '0-1',
            attemptNumber: 0,
            objectId: 900_000_000 + index,
            propertyName: 'firstname',
            propertyValue: 'Ada',
            changeSource: 'CRM_UI',
          })),
        );
        const timestamp = String(Date.now());
        const signature = createHmac('sha256', stands.hubspot.clientSecret)
          .update(`POST${url}${body}${timestamp}`)
          .digest('base64');
        const asked = performance.now();
        const answer = await fetch(url, {
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            'x-hubspot-signature-v3': signature,
            'x-hubspot-request-timestamp': timestamp,
          },
          body,
        });
        delays.push(performance.now() - asked);
        if (answer.status !== 200) throw new Error(`The webhook was answered ${answer.status}: ${await answer.text()}`);
        await answer.arrayBuffer();
        sent += 100;
      }
    }),
  );
  const seconds = (performance.now() - started) / 1000;
  return {
    eventsPerSecond: sent / seconds,
    p99: percentile(delays, 0.99),
    sent,
    stored: (await stored()) - before,
  };
}
