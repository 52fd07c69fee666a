import { normalEmail } from '../rules/email.js';
import { assertLease, type Lease } from '../store/lease.js';
import { addToRoster, clearRosters, rosterSize, type RosterRow } from '../store/roster.js';
import type { Database } from '../store/database.js';
import { advanceRun, foretell, type Run } from '../store/runs.js';
import { countContacts, readPage as readContacts } from '../vendors/hubspot/contacts.js';
import type { HubspotContact } from '../vendors/hubspot/types.js';
import { memberIdsPage } from '../vendors/klaviyo/lists.js';
import { readPage as readProfiles } from '../vendors/klaviyo/profiles.js';
import type { KlaviyoProfile } from '../vendors/klaviyo/types.js';
import type { AccountScope } from './account-scope.js';
import type { ReadAhead } from './read-ahead.js';
import type { ScanCursor } from './pass-of.js';
import type { SyncContext } from './sync-context.js';

/**
 * How far a run has read both sides. A source that was `left` is not on the roster as a whole, so that nothing may be
 * concluded from who is missing.
 */
export interface RosterProgress {
  contacts: Source;
  profiles: Source;
  /** Members of the lists that people are added to. */
  lists: Record<string, Source>;
  /** Whether all profiles belong to the run; else they are read as long as HubSpot is, to be looked up. */
  all: boolean;
  /** Contacts read so far. */
  contactsRead: number;
  /** How many the portal has: asked when the profiles are read before the contacts. */
  contactsInAll?: number;
  walked?: Walked;
}

/** How far people who were read before the other side was through have been looked through (`work-ahead.ts`); null: to the end. */
export interface Walked {
  contacts: string | null;
  profiles: string | null;
}

interface Source {
  state: 'begin' | 'open' | 'read' | 'left';
  after: string | null;
}

const unread: Source = { state: 'begin', after: null };

/** A roster of which nothing is read yet. `lists`: those that people are added to. Pure. */
export const emptyRoster = (all: boolean, lists: readonly string[]): RosterProgress => ({
  contacts: unread,
  profiles: unread,
  lists: Object.fromEntries(lists.map((id) => [id, unread])),
  all,
  contactsRead: 0,
});

/**
 * Where profiles are through first and so large a share of the contacts is not, the contacts go on page by page, read while
 * those of the roster are worked on. Else the rest is read too: then profiles that no contact has are known, and created
 * while Klaviyo takes the others.
 */
const restPageByPage = 0.4;

/** Pages of each source that are taken down together. */
const pagesAtOnce = 5;
/** What one reading brought, and how far both sides are read then. */
export interface Round {
  rows: RosterRow[];
  roster: RosterProgress;
}

/**
 * Reads the next pages of both sides, at the same time, and takes them down; nothing is compared yet. Both vendors' limits
 * are used that way, and each record is read once. Answers what was taken down, and whether it was the last of it.
 */
export async function readRoster(
  ctx: SyncContext,
  scope: AccountScope,
  lease: Lease,
  run: Run<ScanCursor>,
  cursor: ScanCursor & { roster: RosterProgress },
  ahead: ReadAhead<Round>,
): Promise<Round & { through: boolean }> {
  // An earlier pass of this run, before an edit of the connection or a rest, read something else.
  if (cursor.roster.contacts.state === 'begin') await clearRosters(ctx.db, run.id);
  const key = (roster: RosterProgress): string =>
    JSON.stringify([
      run.id,
      cursor.version,
      cursor.sinceMs,
      sourcesOf(roster).map(({ state, after }) => [state, after]),
    ]);
  const { rows, roster: reached } = await ahead.take(key(cursor.roster), () => readRound(ctx, scope, cursor.roster));
  const roster = await counted(ctx, scope, reached);
  const { contacts } = roster;
  const pageByPage =
    isOpen(contacts) && roster.contactsRead < (1 - restPageByPage) * (roster.contactsInAll ?? Infinity);
  const through = isRead(roster) && (!isOpen(contacts) || pageByPage);
  const { steps } = cursor;
  if (!through) ahead.begin(key(roster), () => readRound(ctx, scope, roster));
  await ctx.db.transaction(async (tx) => {
    await addToRoster(tx, run, rows);
    await advanceRun(tx, run.id, {
      cursor: {
        ...cursor,
        roster,
        // The contacts that are left are read while those of the roster are worked on, and follow them.
        steps: through && contacts.after !== null ? withRest(steps, contacts.after) : steps,
        index: through ? cursor.index + 1 : cursor.index,
        atMs: ctx.clock().getTime(),
      },
      done: 0,
      total: null,
      counts: { read: rows.filter(({ kind }) => kind === 'contact' || kind === 'profile').length },
    });
    await assertLease(tx, lease);
  });
  // Only now, and outside: counting a million addresses takes seconds.
  if (through) await foretell(ctx.db, run.id, await expected(ctx.db, run.id, roster.contactsInAll));
  return { rows, roster, through };
}

const sourcesOf = (roster: RosterProgress): Source[] => [
  roster.contacts,
  roster.profiles,
  ...Object.entries(roster.lists)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([, source]) => source),
];
const isOpen = ({ state }: Source): boolean => state === 'begin' || state === 'open';
/** Whether what is looked up is read: contacts that are left may come page by page. */
const isRead = (roster: RosterProgress): boolean => ![roster.profiles, ...Object.values(roster.lists)].some(isOpen);

/** Asks how many contacts there are, once, when that decides how they are read. */
async function counted(ctx: SyncContext, scope: AccountScope, roster: RosterProgress): Promise<RosterProgress> {
  if (!isRead(roster) || !isOpen(roster.contacts) || roster.contactsInAll !== undefined) return roster;
  return { ...roster, contactsInAll: await countContacts(ctx.hubspot(scope.portalId, 'sweep')) };
}

const withRest = (steps: ScanCursor['steps'], from: string): ScanCursor['steps'] =>
  steps.flatMap((step): ScanCursor['steps'] =>
    step.side === 'hubspot' && step.source === 'roster' ? [step, { side: 'hubspot', source: 'all', from }] : [step],
  );

/** People a run has to work on: its contacts, and the profiles that no contact brings, as far as that shows already. */
async function expected(db: Database, runId: string, contactsInAll: number | undefined): Promise<number> {
  const { contacts, profiles, pairs } = await rosterSize(db, runId);
  const all = Math.max(contacts, contactsInAll ?? contacts);
  const brought = contacts === 0 ? 0 : Math.round((pairs / contacts) * all);
  return all + Math.max(0, profiles - brought);
}

async function readRound(ctx: SyncContext, scope: AccountScope, roster: RosterProgress): Promise<Round> {
  const hubspot = ctx.hubspot(scope.portalId, 'sweep');
  const klaviyo = ctx.klaviyo(scope.klaviyoAccountId, 'sweep');
  const { page: limit } = ctx.runSizes;
  const [contacts, profiles, ...lists] = await Promise.all([
    readSource(roster.contacts, async (after) => {
      const page = await readContacts(hubspot, { after, limit, properties: scope.contactProperties });
      return { rows: page.contacts.flatMap(contactRows), after: page.after };
    }),
    readSource(roster.profiles, async (cursor) => {
      const page = await readProfiles(klaviyo, { cursor, size: limit, sort: 'created', subscriptions: true });
      return { rows: page.profiles.map((profile) => profileRow(scope, profile)), after: page.cursor };
    }),
    ...Object.entries(roster.lists).map(async ([id, source]) => {
      const read = await readSource(source, async (cursor) => {
        const page = await memberIdsPage(klaviyo, { id, cursor });
        return { rows: page.ids.map((recordId) => ({ kind: `member:${id}` as const, recordId })), after: page.cursor };
      });
      return { id, ...read };
    }),
  ]);
  // Beyond HubSpot's end further profiles are somebody else's for the most part: partners are asked for instead.
  const leave = !roster.all && !isOpen(contacts.source);
  const unless = (source: Source): Source => (leave && isOpen(source) ? { state: 'left', after: null } : source);
  return {
    rows: [contacts, profiles, ...lists].flatMap(({ rows }) => rows),
    roster: {
      ...roster,
      contactsRead: roster.contactsRead + contacts.rows.filter(({ kind }) => kind === 'contact').length,
      contacts: contacts.source,
      profiles: unless(profiles.source),
      lists: Object.fromEntries(lists.map(({ id, source }) => [id, unless(source)])),
    },
  };
}

async function readSource(
  source: Source,
  readPage: (after: string | null) => Promise<{ rows: RosterRow[]; after: string | null }>,
): Promise<{ rows: RosterRow[]; source: Source }> {
  const rows: RosterRow[] = [];
  let { state, after } = source;
  for (let read = 0; read < pagesAtOnce && (state === 'begin' || state === 'open'); read += 1) {
    const page = await readPage(after);
    rows.push(...page.rows);
    after = page.after;
    state = after === null ? 'read' : 'open';
  }
  return { rows, source: { state, after } };
}

const contactRows = (contact: HubspotContact): RosterRow[] => rowsOf(contact, contact);

/** A contact's addresses alone. */
export const addressRows = (contact: HubspotContact): RosterRow[] => rowsOf(contact, null);

function rowsOf(contact: HubspotContact, record: HubspotContact | null): RosterRow[] {
  const further = (contact.properties['hs_additional_emails'] ?? '').split(';').map(normalEmail);
  return [
    { kind: 'contact', recordId: contact.id, email: normalEmail(contact.properties['email']), record },
    ...further.flatMap((email): RosterRow[] =>
      email === null ? [] : [{ kind: 'secondary', recordId: email, email, record: null }],
    ),
  ];
}

/** A profile with those of its own properties that are mapped: the others are nothing to a run. */
function profileRow(scope: AccountScope, profile: KlaviyoProfile): RosterRow {
  const properties = Object.fromEntries(
    scope.profileProperties.flatMap((name) =>
      Object.hasOwn(profile.properties, name) ? [[name, profile.properties[name]]] : [],
    ),
  );
  return {
    kind: 'profile',
    recordId: profile.id,
    email: normalEmail(profile.email),
    phone: profile.phoneNumber,
    record: { ...profile, properties },
  };
}
