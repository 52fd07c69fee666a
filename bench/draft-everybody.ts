import { klaviyoKey } from './stage.js';

/**
 * Connects a Klaviyo account by its key and drafts a contact connection of everybody with everybody; answers its id.
 * `call` asks the service's API for a portal.
 */
export async function draftEverybody(
  call: <T>(method: string, path: string, body?: unknown) => Promise<T>,
  { key = klaviyoKey, direction = 'two_way' }: { key?: string; direction?: 'two_way' | 'hubspot_to_klaviyo' } = {},
): Promise<string> {
  const { id: klaviyoAccountId } = await call<{ id: string }>('POST', '/klaviyo-accounts', { apiKey: key });
  const { id } = await call<{ id: string }>('POST', '/connections', {
    type: 'contact',
    klaviyoAccountId,
    direction,
    rules: {
      hubspotToKlaviyo: [{ source: { all: true }, klaviyoListId: 'CstHub' }],
      klaviyoToHubspot: direction === 'two_way' ? [{ source: { all: true } }] : [],
    },
  });
  return id;
}
