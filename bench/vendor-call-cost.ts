import { sendRequest } from '../server/vendors/send-request.js';
import { klaviyoKey, type Stands } from './stage.js';

/** CPU milliseconds of this process for one call to each vendor, all of our own work left out. */
export async function vendorCallCost(stands: Stands): Promise<{ hubspotMs: number; klaviyoMs: number }> {
  const onGiveUp = (): void => undefined;
  const search = {
    method: 'POST',
    url: new URL(`${stands.hubspot.url}/crm/objects/2026-09/contacts/search`),
    headers: { Authorization: 'Bearer none', 'Content-Type': 'application/json' },
    body: JSON.stringify({
      filterGroups: [{ filters: [{ propertyName: 'lastmodifieddate', operator: 'GTE', value: '0' }] }],
      sorts: ['lastmodifieddate'],
      properties: ['email', 'firstname', 'lastname', 'phone', 'lastmodifieddate'],
      limit: 200,
      after: 0,
    }),
    onGiveUp,
  };
  const profiles = {
    method: 'GET',
    url: new URL(`${stands.klaviyo.url}/api/profiles?page%5Bsize%5D=100&sort=updated`),
    headers: { Authorization: `Klaviyo-API-Key ${klaviyoKey}`, revision: '2026-07-15' },
    onGiveUp,
  };
  // Refused or not, the way there and back is the same.
  return {
    hubspotMs: await costOf(() => sendRequest(search)),
    klaviyoMs: await costOf(() => sendRequest(profiles)),
  };
}

const calls = 2000;

async function costOf(call: () => Promise<unknown>): Promise<number> {
  for (let n = 0; n < 300; n += 1) await call();
  const before = process.cpuUsage();
  for (let n = 0; n < calls; n += 10) await Promise.all(Array.from({ length: 10 }, call));
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / calls;
}
