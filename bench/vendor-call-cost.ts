import { Client } from '@hubspot/api-client';
import axios from 'axios';
import { klaviyoKey, type Stands } from './stage.js';

/** CPU milliseconds of this process for one call through each vendor's SDK, all of our own work left out. */
export async function vendorCallCost(stands: Stands): Promise<{ hubspotMs: number; klaviyoMs: number }> {
  const client = new Client({ accessToken: 'none', basePath: stands.hubspot.url, numberOfApiCallRetries: 0 });
  const search = async (): Promise<void> => {
    // Refused or not, the way there and back is the same.
    const answer = await client.apiRequest({
      method: 'POST',
      path: '/crm/objects/2026-09/contacts/search',
      body: {
        filterGroups: [{ filters: [{ propertyName: 'lastmodifieddate', operator: 'GTE', value: '0' }] }],
        sorts: ['lastmodifieddate'],
        properties: ['email', 'firstname', 'lastname', 'phone', 'lastmodifieddate'],
        limit: 200,
        after: 0,
      },
    });
    await answer.text();
  };
  const profiles = async (): Promise<void> => {
    await axios.request({
      method: 'GET',
      url: `${stands.klaviyo.url}/api/profiles?page%5Bsize%5D=100&sort=updated`,
      headers: { Authorization: `Klaviyo-API-Key ${klaviyoKey}`, revision: '2026-07-15' },
      responseType: 'text',
      validateStatus: () => true,
      transformResponse: (data: unknown) => data,
    });
  };
  return { hubspotMs: await costOf(search), klaviyoMs: await costOf(profiles) };
}

const calls = 2000;

async function costOf(call: () => Promise<void>): Promise<number> {
  for (let n = 0; n < 300; n += 1) await call();
  const before = process.cpuUsage();
  for (let n = 0; n < calls; n += 10) await Promise.all(Array.from({ length: 10 }, call));
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / calls;
}
