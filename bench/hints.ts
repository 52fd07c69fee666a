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
