import { withinPortal } from '../store/portal-scope.js';
import { moveQuietSweeps, readySweeps, type ReadySweep } from '../store/sweeps.js';
import { loadMapped } from './account-scope.js';
import {
  fieldSweeps,
  firstContacts,
  firstProfiles,
  otherSweeps,
  quietPosition,
  sweepOn,
  wakeIfFound,
} from './sweep.js';
import { restingLinks } from './sweep-links.js';
import type { SyncContext } from './sync-context.js';

/** Whether most runs of a sweep of this name find nothing: then many are looked through together. */
export const canGlance = (name: string): boolean =>
  name === fieldSweeps.hubspot || name === fieldSweeps.klaviyo || name === otherSweeps.links;

/** Sweeps that were due at a moment. */
export interface DueTogether {
  sweeps: readonly { klaviyoAccountId: string; name: string }[];
  at: string;
}

/** Access is renewed this long before it ends; then the usual way goes, which renews it. */
const marginSeconds = 120;
/** Accounts whose properties are remembered. */
const most = 10_000;

/**
 * Looks through the sweeps of many accounts at once. Of thousands of portals next to none has something new: for those it
 * takes the two vendors' empty answers, one statement before all of them and one after, and nothing is set up for any
 * single portal. Where something is new the sweep goes on from that answer, as its portal; what is more than a look is
 * left to a sweep `alone`.
 */
export function glances(
  ctx: SyncContext,
  alone: (klaviyoAccountId: string, name: string) => Promise<void>,
): (due: DueTogether, signal: AbortSignal) => Promise<void> {
  const known = new Map<string, { stamp: string; properties: readonly string[] }>();
  /** Contact properties to ask for, by account: they change with its scope only. */
  const propertiesOf = async ({ portalId, klaviyoAccountId, stamp }: ReadySweep): Promise<readonly string[]> => {
    const before = known.get(klaviyoAccountId);
    if (before?.stamp === stamp) return before.properties;
    const { contactProperties } = await loadMapped(ctx, portalId, klaviyoAccountId);
    if (known.size >= most) known.clear();
    known.set(klaviyoAccountId, { stamp, properties: contactProperties });
    return contactProperties;
  };
  /** Where the sweep stands when nothing was new; null when it went on. */
  const look = async (ready: ReadySweep, signal: AbortSignal): Promise<unknown> => {
    const { portalId, klaviyoAccountId, name, klaviyoAuth, klaviyoSecret } = ready;
    if (name === fieldSweeps.hubspot) {
      const session = ctx.hubspot(portalId, 'sweep', undefined, ready.hubspotAccess);
      const found = await firstContacts(ctx, ready, session, await propertiesOf(ready));
      if (found.page.contacts.length === 0 && found.page.done) return quietPosition(found);
      await sweepOn(ctx, ready, { side: 'hubspot', session, found }, signal);
    } else if (name === fieldSweeps.klaviyo) {
      const secret = klaviyoSecret === null ? null : { kind: klaviyoAuth, secret: klaviyoSecret };
      const session = ctx.klaviyo(klaviyoAccountId, 'sweep', undefined, secret);
      const found = await firstProfiles(ctx, ready, session);
      if (found.page.profiles.length === 0 && found.page.cursor === null) return quietPosition(found);
      await sweepOn(ctx, ready, { side: 'klaviyo', session, found }, signal);
    } else await alone(klaviyoAccountId, name);
    return null;
  };
  return async ({ sweeps, at }, signal) => {
    const ready = await readySweeps(ctx.db, sweeps, at, marginSeconds);
    const resting = await restingLinks(
      ctx,
      ready.filter(({ name }) => name === otherSweeps.links),
    );
    const quiet: (ReadySweep & { position: unknown })[] = [...resting];
    const rest = new Set(resting.map(({ klaviyoAccountId }) => klaviyoAccountId));
    const lookAsPortal = (one: ReadySweep): Promise<void> =>
      withinPortal(one.portalId, () =>
        wakeIfFound(ctx, one, async () => {
          const position = await look(one, signal);
          if (position !== null) quiet.push({ ...one, position });
          return 0;
        }),
      );
    // All at once, so that they ask for their limits in one statement: each calls a portal or an account of its own.
    await Promise.all(
      ready
        .filter(({ name, klaviyoAccountId }) => name !== otherSweeps.links || !rest.has(klaviyoAccountId))
        .map((one) =>
          lookAsPortal(one).catch((error: unknown) =>
            // The others must not wait because of it; its next turn is a period away.
            ctx.log.error({ err: error, klaviyoAccountId: one.klaviyoAccountId, sweep: one.name }, 'a sweep failed'),
          ),
        ),
    );
    await moveQuietSweeps(ctx.db, quiet);
  };
}
