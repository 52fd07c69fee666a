import type { ContactConnection } from '../rules/connection.js';
import { beginChoosing, chosenCount } from '../store/admissions.js';
import { emptyRoster, type RosterProgress } from './read-roster.js';
import type { SyncContext } from './sync-context.js';

/** One source that a run pages through. */
export type ScanStep = {
  /** Only looks who there is, to choose the people of a limited connection (F9). */
  choose?: true;
} & (
  | { side: 'klaviyo'; source: 'all' }
  | { side: 'klaviyo'; source: 'list' | 'segment'; id: string }
  /** `from`: the page on which a roster's reading ended. */
  | { side: 'hubspot'; source: 'all'; from?: string }
  | { side: 'hubspot'; source: 'list'; id: string }
);

/** A step of a run that reads both sides once, takes them down, and works on what was taken down. */
export type RosterStep = { side: 'both' | 'hubspot' | 'klaviyo'; source: 'roster' };

/** Where a run stands: which source, and how far in it. */
export interface ScanCursor<Step = ScanStep | RosterStep> {
  steps: Step[];
  index: number;
  after: string | null;
  /** Edit of the connection that this pass works under. */
  version: number;
  /** When this pass began: who was synced since is not done twice. */
  sinceMs: number;
  /** How many people the choosing steps choose. */
  chooses?: number;
  /** How far both sides are read, in a pass with a roster. */
  roster?: RosterProgress;
  /** How far the profiles that no contact has are worked on beside the contacts; null when they are through. */
  lone?: string | null;
  /** When the run last went on: a roster that lay about is read anew. */
  atMs?: number;
}

/**
 * The sources of a connection, Klaviyo's first: whoever is in both is linked and compared then, and the HubSpot pages
 * that follow need nothing of Klaviyo for them. A source `all` makes lists of the same side superfluous. Pure.
 */
export function scanSteps(connection: ContactConnection): ScanStep[] {
  const klaviyo =
    connection.direction === 'hubspot_to_klaviyo' ? [] : connection.rules.klaviyoToHubspot.map((rule) => rule.source);
  const hubspot =
    connection.direction === 'klaviyo_to_hubspot' ? [] : connection.rules.hubspotToKlaviyo.map((rule) => rule.source);
  const unique = (ids: readonly string[]): string[] => [...new Set(ids)];
  const klaviyoSteps: ScanStep[] = klaviyo.some((source) => source.all === true)
    ? [{ side: 'klaviyo', source: 'all' }]
    : [
        ...unique(klaviyo.flatMap((source) => source.klaviyoListIds ?? [])).map((id): ScanStep => ({
          side: 'klaviyo',
          source: 'list',
          id,
        })),
        ...unique(klaviyo.flatMap((source) => source.klaviyoSegmentIds ?? [])).map((id): ScanStep => ({
          side: 'klaviyo',
          source: 'segment',
          id,
        })),
      ];
  const hubspotSteps: ScanStep[] = hubspot.some((source) => source.all === true)
    ? [{ side: 'hubspot', source: 'all' }]
    : unique(hubspot.flatMap((source) => source.hubspotListIds ?? [])).map((id): ScanStep => ({
        side: 'hubspot',
        source: 'list',
        id,
      }));
  return [...klaviyoSteps, ...hubspotSteps];
}

/** People that a connection in a stage works on at least, however few its share comes to (F12). */
const fewestOfStage = 10;

/** The whole pass: a limited or staged connection first looks who there is, unless it has chosen its people already. */
export async function passOf(ctx: SyncContext, connection: ContactConnection): Promise<ScanCursor<ScanStep>> {
  const steps = scanSteps(connection);
  const { limit, stage } = connection.options;
  const chooses = limit ?? (stage === 'all' ? null : fewestOfStage);
  let choosing = false;
  if (chooses !== null) {
    await beginChoosing(ctx.db, connection.id, chooses);
    choosing = (await chosenCount(ctx.db, connection.id)) < chooses;
  }
  return {
    steps: [...(choosing ? steps.map((step): ScanStep => ({ ...step, choose: true })) : []), ...steps],
    index: 0,
    after: null,
    version: connection.configVersion,
    sinceMs: ctx.clock().getTime(),
    ...(chooses === null ? {} : { chooses }),
  };
}

/**
 * The pass as a run does it: where it goes over all contacts, both sides are read once and taken down first, and partners
 * are found there instead of being asked for page by page. Not where it goes page by page anyhow. Pure.
 */
export function withRoster(connection: ContactConnection, pass: ScanCursor<ScanStep>): ScanCursor {
  const { steps } = pass;
  const has = (side: 'hubspot' | 'klaviyo'): boolean =>
    steps.some((step) => step.side === side && step.source === 'all');
  if (pass.chooses !== undefined || goesPageByPage(connection) || !has('hubspot')) return pass;
  const lists = connection.rules.hubspotToKlaviyo.map(({ klaviyoListId }) => klaviyoListId);
  return {
    ...pass,
    steps: [
      { side: 'both', source: 'roster' },
      // Members of lists and segments are read as members.
      ...steps.filter((step) => step.side === 'klaviyo' && step.source !== 'all'),
      { side: 'hubspot', source: 'roster' },
      ...(has('klaviyo') ? [{ side: 'klaviyo', source: 'roster' } as const] : []),
    ],
    roster: emptyRoster(has('klaviyo'), lists),
  };
}

/** In a stage people come page by page, so that a bad mapping stops early; so do they where creations are counted. */
export const goesPageByPage = ({ options }: ContactConnection): boolean =>
  options.stage !== 'all' || options.maxNewRecords !== null;

/** Whether a step looks only who there is. */
export const choosesOnly = (step: ScanStep | RosterStep): step is ScanStep => 'choose' in step && step.choose === true;

/** Where a run stands after a page: further in its source, or at the beginning of the next one. Pure. */
export function following(cursor: ScanCursor, page: { after: string | null }): ScanCursor {
  if (page.after !== null) return { ...cursor, after: page.after };
  const next = cursor.steps[cursor.index + 1];
  return {
    ...cursor,
    index: cursor.index + 1,
    after: next !== undefined && 'from' in next ? (next.from ?? null) : null,
  };
}
