import { regionProperties } from '../rules/compare-fields.js';
import type { ContactConnection } from '../rules/connection.js';
import { listsRead } from '../rules/eligibility.js';
import { mappedFields, mergeFields, type Catalogue, type MappedField, type MappingProblem } from '../rules/mappings.js';
import { caresForConsent, hubspotOptOutProperty } from '../rules/plan-consent.js';
import type { Scope } from '../rules/plan-person.js';
import { issueWords, sideName } from '../rules/words.js';
import { syncingConnections } from '../store/contact-connections.js';
import { clearConnectionIssues, openIssues } from '../store/issues.js';
import { listById } from '../vendors/klaviyo/lists.js';
import type { SyncContext } from './sync-context.js';

/** One pair of accounts as a pass works on it: its connections, what to read of each record, and which lists matter. */
export interface AccountScope extends Scope {
  portalId: string;
  klaviyoAccountId: string;
  connections: readonly ContactConnection[];
  /** Contact properties to ask HubSpot for. */
  contactProperties: string[];
  /** Company properties to ask HubSpot for; empty when no mapping reads the company. */
  companyProperties: string[];
  /** Properties of a profile's own that mappings name. */
  profileProperties: string[];
  lists: ReturnType<typeof listsRead>;
  /** Whether any connection writes, carries or withdraws consent. */
  readsConsent: boolean;
  /** Lists that rules read and that turned out to be gone. */
  goneLists: Set<string>;
  /** Phone numbers that a batch under way is about to give to somebody, with the email of who gets them. */
  numbersUnderWay: Map<string, string | null>;
}

/**
 * Loads the scope of a pair of accounts, or null when nothing syncs there. Mappings that cannot be used become issues of
 * their connection, and their issues close once the mapping can be used again (D10).
 */
export async function loadScope(
  ctx: SyncContext,
  klaviyoAccountId: string,
  /** A connection to look at as if it synced already, for a preview: nothing is reported then. */
  asIf?: ContactConnection,
): Promise<AccountScope | null> {
  const syncing = await syncingConnections(ctx.db, klaviyoAccountId);
  const connections =
    asIf === undefined
      ? syncing
      : [...syncing.filter(({ id }) => id !== asIf.id), asIf].sort((a, b) => a.createdAt.localeCompare(b.createdAt));
  const first = connections[0];
  if (first === undefined) return null;
  const catalogue = await ctx.catalogue(first.portalId, klaviyoAccountId);
  const mapped = new Map(connections.map((connection) => [connection.id, mappedFields(connection, catalogue)]));
  if (asIf === undefined)
    await reportProblems(
      ctx,
      first.portalId,
      connections,
      [...mapped.values()].flatMap(({ problems }) => problems),
    );

  const joined = new Map<string, readonly MappedField[]>();
  const fieldsOf = (ids: readonly string[]): readonly MappedField[] => {
    const key = ids.join();
    const known = joined.get(key);
    if (known !== undefined) return known;
    const fields = mergeFields(ids.map((id) => mapped.get(id)?.fields ?? []));
    joined.set(key, fields);
    return fields;
  };
  const all = fieldsOf(connections.map((connection) => connection.id));
  return {
    portalId: first.portalId,
    klaviyoAccountId,
    connections,
    fieldsOf,
    contactProperties: contactPropertiesFor(connections, catalogue, all),
    companyProperties: [
      ...new Set(all.filter(({ pair }) => pair.hubspot.object === 'company').map(({ pair }) => pair.hubspot.name)),
    ],
    profileProperties: [
      ...new Set(all.filter(({ pair }) => pair.klaviyo.kind === 'property').map(({ pair }) => pair.klaviyo.name)),
    ],
    lists: listsRead(connections),
    readsConsent: caresForConsent(connections),
    goneLists: new Set(),
    numbersUnderWay: new Map(),
    consent: { optIn: await optInOf(ctx, klaviyoAccountId, connections), now: ctx.clock().toISOString() },
  };
}

/** What a sweep must know to recognise echoes: the mapped fields of a pair of accounts, and what to read for them. */
export interface MappedScope {
  connections: readonly ContactConnection[];
  fields: readonly MappedField[];
  contactProperties: string[];
}

/** The mapped fields of whatever syncs between a pair of accounts; reports nothing. */
export async function loadMapped(ctx: SyncContext, portalId: string, klaviyoAccountId: string): Promise<MappedScope> {
  const connections = await syncingConnections(ctx.db, klaviyoAccountId);
  const catalogue = await ctx.catalogue(portalId, klaviyoAccountId);
  const fields = mergeFields(connections.map((connection) => mappedFields(connection, catalogue).fields));
  return { connections, fields, contactProperties: contactPropertiesFor(connections, catalogue, fields) };
}

/** Contact properties to ask HubSpot for. */
function contactPropertiesFor(
  connections: readonly ContactConnection[],
  catalogue: Catalogue,
  fields: readonly MappedField[],
): string[] {
  return [
    ...new Set([
      ...identityProperties,
      ...(caresForConsent(connections) ? [hubspotOptOutProperty] : []),
      ...regionProperties.filter((name) => catalogue.hubspot.has(`contact.${name}`)),
      ...fields.filter(({ pair }) => pair.hubspot.object === 'contact').map(({ pair }) => pair.hubspot.name),
    ]),
  ];
}

/** How people get onto the lists that subscribing rules name: a double opt-in list is asked once (C3). */
async function optInOf(
  ctx: SyncContext,
  klaviyoAccountId: string,
  connections: readonly ContactConnection[],
): Promise<Map<string, 'single_opt_in' | 'double_opt_in'>> {
  const subscribing = connections.filter(
    ({ options, direction }) => options.subscribe && direction !== 'klaviyo_to_hubspot',
  );
  const ids = new Set(subscribing.flatMap(({ rules }) => rules.hubspotToKlaviyo.map((rule) => rule.klaviyoListId)));
  const session = ctx.klaviyo(klaviyoAccountId, 'sweep');
  const lists = await Promise.all([...ids].map(async (id) => [id, (await listById(session, id))?.optIn] as const));
  return new Map(lists.flatMap(([id, optIn]) => (optIn === undefined ? [] : [[id, optIn] as const])));
}

/** What identity, merges and sweeps need of every contact. */
const identityProperties = ['email', 'hs_additional_emails', 'hs_merged_object_ids', 'lastmodifieddate'];

async function reportProblems(
  ctx: SyncContext,
  portalId: string,
  connections: readonly ContactConnection[],
  problems: readonly MappingProblem[],
): Promise<void> {
  const ids = connections.map((connection) => connection.id);
  await clearConnectionIssues(
    ctx.db,
    ids,
    ['field_missing', 'field_read_only'],
    problems.map((problem) => problem.field),
  );
  const { hubspotLists, klaviyoLists, klaviyoSegments } = listsRead(connections);
  await clearConnectionIssues(ctx.db, ids, ['list_missing'], [...hubspotLists, ...klaviyoLists, ...klaviyoSegments]);
  await openIssues(
    ctx.db,
    portalId,
    problems.map((problem) => ({
      ...problem,
      recordId: '',
      title: issueWords[problem.code]?.title ?? problem.code,
      fix: issueWords[problem.code]?.fix ?? '',
      detail: `${sideName[problem.side]} field “${problem.field}” cannot be synced; the other mappings go on.`,
      hubspotId: null,
      klaviyoId: null,
      email: null,
      repair: { kind: 'refresh_fields' } as const,
    })),
  );
}
