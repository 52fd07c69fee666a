import { describe, expect, test } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { hubspotOptionalScopes, hubspotScopes } from '../../../server/oauth/scopes.js';
import { hintsOf } from '../../../server/rules/hints.js';

const read = async (path: string): Promise<unknown> => JSON.parse(await readFile(path, 'utf8'));

interface AppFile {
  uid: string;
  type: string;
  config: {
    distribution: string;
    auth: { type: string; redirectUrls: string[]; requiredScopes: string[]; optionalScopes: string[] };
    permittedUrls: { fetch: string[]; iframe: string[]; img: string[] };
  };
}
interface Subscription {
  subscriptionType: string;
  objectType?: string;
  propertyName?: string;
  active: boolean;
}
interface WebhooksFile {
  config: {
    settings: { targetUrl: string; maxConcurrentRequests: number };
    subscriptions: { crmObjects: Subscription[]; hubEvents: Subscription[] };
  };
}

describe('the HubSpot project', () => {
  test('hsproject.json names the folder and the platform version', async () => {
    expect(await read('hsproject.json')).toEqual({ name: 'tandem', srcDir: 'hubspot-app', platformVersion: '2026.09' });
  });

  test('the service asks for exactly the scopes of the app: HubSpot refuses an install where they differ', async () => {
    const { config } = (await read('hubspot-app/app/app-hsmeta.json')) as AppFile;
    expect([...config.auth.requiredScopes].sort()).toEqual([...hubspotScopes].sort());
    expect(config.auth.optionalScopes).toEqual([...hubspotOptionalScopes]);
    expect([config.distribution, config.auth.type]).toEqual(['marketplace', 'oauth']);
  });

  test('addresses and contacts come from a config profile, every variable of which the example has', async () => {
    const files = await Promise.all(
      ['hubspot-app/app/app-hsmeta.json', 'hubspot-app/app/webhooks/webhooks-hsmeta.json'].map((path) =>
        readFile(path, 'utf8'),
      ),
    );
    const { variables } = (await read('hubspot-app/hsprofile.example.json')) as { variables: Record<string, string> };
    const used = new Set(files.flatMap((text) => [...text.matchAll(/\$\{(\w+)\}/g)].map((match) => match[1] ?? '')));
    expect([...used].sort()).toEqual(Object.keys(variables).sort());
    expect(variables['SERVICE_URL']).toMatch(/^https:\/\//);
    expect(files[0]).toContain('${SERVICE_URL}/oauth/hubspot/callback');
    expect(files[1]).toContain('${SERVICE_URL}/webhooks/hubspot');
  });

  test('B10: webhooks watch creation, deletion, merge, restore, privacy deletion and the usual properties, each of which is a hint', async () => {
    const { settings, subscriptions } = ((await read('hubspot-app/app/webhooks/webhooks-hsmeta.json')) as WebhooksFile)
      .config;
    expect(settings.maxConcurrentRequests).toBeGreaterThan(5);
    const all = [...subscriptions.crmObjects, ...subscriptions.hubEvents];
    expect(new Set(all.map((one) => one.subscriptionType))).toEqual(
      new Set([
        'object.creation',
        'object.deletion',
        'object.merge',
        'object.restore',
        'object.propertyChange',
        'contact.privacyDeletion',
      ]),
    );
    expect(subscriptions.crmObjects.every((one) => one.objectType === 'contact')).toBe(true);
    const properties = subscriptions.crmObjects.flatMap((one) => one.propertyName ?? []);
    expect(new Set(properties).size).toBe(properties.length);
    expect(properties).toEqual(
      expect.arrayContaining([
        'email',
        'firstname',
        'lastname',
        'phone',
        'company',
        'jobtitle',
        'address',
        'city',
        'state',
        'zip',
        'country',
      ]),
    );
    for (const { subscriptionType, propertyName } of all) {
      expect(
        hintsOf({ portalId: 1, subscriptionType, objectId: 7, primaryObjectId: 7, objectTypeId: '0-1', propertyName }),
      ).not.toEqual([]);
    }
  });
});
