import type { Database } from './database.js';
import { acrossPortals, withinPortal } from './portal-scope.js';

/** Runs work as the portal that a Klaviyo account belongs to; work for an account that is gone is not begun. */
export type ForAccount = (klaviyoAccountId: string, work: () => Promise<void>) => Promise<void>;

/** How many accounts are known at a time. */
const most = 10_000;

/** An account never changes its portal, so each is looked up once. */
export function runForAccount(db: Database): ForAccount {
  const known = new Map<string, string>();
  return async (klaviyoAccountId, work) => {
    let portalId = known.get(klaviyoAccountId);
    if (portalId === undefined) {
      const [row] = await acrossPortals(() =>
        db.query<{ portalId: string }>('select portal_id as "portalId" from klaviyo_account where id = $1', [
          klaviyoAccountId,
        ]),
      );
      if (row === undefined) return;
      portalId = row.portalId;
      if (known.size >= most) known.clear();
      known.set(klaviyoAccountId, portalId);
    }
    return withinPortal(portalId, work);
  };
}
