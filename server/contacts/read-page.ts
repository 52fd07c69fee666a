import { isPlausibleEmail, normalEmail } from '../rules/email.js';
import { stampMembers } from '../store/list-members.js';
import * as hubspotContacts from '../vendors/hubspot/contacts.js';
import * as hubspotLists from '../vendors/hubspot/lists.js';
import * as klaviyoLists from '../vendors/klaviyo/lists.js';
import * as klaviyoProfiles from '../vendors/klaviyo/profiles.js';
import * as klaviyoSegments from '../vendors/klaviyo/segments.js';
import type { AccountScope } from './account-scope.js';
import type { BatchInput } from './gather.js';
import type { ScanStep } from './pass-of.js';
import type { SyncContext } from './sync-context.js';

export interface Page {
  input: BatchInput;
  /** Records on the page. */
  size: number;
  after: string | null;
  /** Records of this source in all, where the vendor says so. */
  total: number | null;
  /** Where profiles beside contacts go on. */
  lone?: string | null;
}

/** Reads one page of a source. `stamp`: its members are known to the membership sweep from now on. */
export async function readPage(
  ctx: SyncContext,
  scope: AccountScope,
  step: ScanStep,
  after: string | null,
  stamp: boolean,
): Promise<Page> {
  const hubspot = ctx.hubspot(scope.portalId, 'sweep');
  const klaviyo = ctx.klaviyo(scope.klaviyoAccountId, 'sweep');
  const none = { hubspotIds: [], klaviyoIds: [] };
  const list = (side: 'hubspot' | 'klaviyo', listId: string) => ({
    portalId: scope.portalId,
    klaviyoAccountId: scope.klaviyoAccountId,
    side,
    listId,
  });
  if (step.side === 'hubspot' && step.source === 'all') {
    const page = await hubspotContacts.readPage(hubspot, { after, limit: 100, properties: scope.contactProperties });
    return { input: { ...none, contacts: page.contacts }, size: page.contacts.length, after: page.after, total: null };
  }
  if (step.side === 'hubspot') {
    const page = await hubspotLists.memberPage(hubspot, step.id, after);
    // Not newcomers to the membership sweep then.
    if (stamp) await stampMembers(ctx.db, list('hubspot', step.id), page.recordIds, 0);
    return {
      input: { ...none, hubspotIds: page.recordIds },
      size: page.recordIds.length,
      after: page.after,
      total: page.total ?? null,
    };
  }
  if (step.source === 'all') {
    const page = await klaviyoProfiles.readPage(klaviyo, {
      cursor: after,
      size: 100,
      sort: 'created',
      subscriptions: true,
    });
    return { input: { ...none, profiles: page.profiles }, size: page.profiles.length, after: page.cursor, total: null };
  }
  const read = step.source === 'list' ? klaviyoLists.memberPage : klaviyoSegments.memberPage;
  const page = await read(klaviyo, { id: step.id, cursor: after, subscriptions: true });
  if (stamp)
    await stampMembers(
      ctx.db,
      list('klaviyo', step.id),
      page.profiles.map((profile) => profile.id),
      0,
    );
  return { input: { ...none, profiles: page.profiles }, size: page.profiles.length, after: page.cursor, total: null };
}

/** Reads so many pages of a source, or up to its end, as one. */
export async function readPages(
  ctx: SyncContext,
  scope: AccountScope,
  step: ScanStep,
  after: string | null,
  pages: number,
): Promise<Page> {
  let page = await readPage(ctx, scope, step, after, true);
  for (let read = 1; read < pages && page.after !== null; read += 1)
    page = joined(page, await readPage(ctx, scope, step, page.after, true));
  return page;
}

const joined = (one: Page, other: Page): Page => ({
  input: {
    hubspotIds: [...one.input.hubspotIds, ...other.input.hubspotIds],
    klaviyoIds: [...one.input.klaviyoIds, ...other.input.klaviyoIds],
    contacts: [...(one.input.contacts ?? []), ...(other.input.contacts ?? [])],
    profiles: [...(one.input.profiles ?? []), ...(other.input.profiles ?? [])],
  },
  size: one.size + other.size,
  after: other.after,
  total: other.total ?? one.total,
});

/** Plausible emails of a page's people. */
export async function emailsOfPage(ctx: SyncContext, scope: AccountScope, page: Page): Promise<string[]> {
  const { hubspotIds, contacts = [], profiles = [] } = page.input;
  const read =
    hubspotIds.length === 0
      ? []
      : (
          await hubspotContacts.readByIds(ctx.hubspot(scope.portalId, 'sweep'), hubspotIds, ['email'])
        ).contacts.values();
  return [
    ...[...contacts, ...read].map((contact) => normalEmail(contact.properties['email'])),
    ...profiles.map((profile) => normalEmail(profile.email)),
  ]
    .filter((email) => email !== null)
    .filter(isPlausibleEmail);
}

/** Ids of the records on a page, of both sides. Pure. */
export function recordsOf(input: BatchInput): { side: 'hubspot' | 'klaviyo'; recordId: string }[] {
  const hubspot = [...input.hubspotIds, ...(input.contacts ?? []).map(({ id }) => id)];
  const klaviyo = [...input.klaviyoIds, ...(input.profiles ?? []).map(({ id }) => id)];
  return [
    ...hubspot.map((recordId) => ({ side: 'hubspot', recordId }) as const),
    ...klaviyo.map((recordId) => ({ side: 'klaviyo', recordId }) as const),
  ];
}
