import type { World } from '../helpers/service.js';

export interface KeptIssue {
  code: string;
  side: 'hubspot' | 'klaviyo';
  recordId: string;
  field: string;
  hubspotId: string | null;
  klaviyoId: string | null;
  detail: string;
}

/** What the service keeps of everybody, as its status, cards and issue list would show it. */
export interface Evidence {
  /** HubSpot id → Klaviyo id. */
  links: Map<string, string>;
  /** `hubspot:101` → how it stands. */
  standings: Map<string, { state: string; reason: string | null; lists: string[] }>;
  issues: KeptIssue[];
  /** Subscriptions that the service asked for. */
  subscribed: { klaviyoId: string; at: Date }[];
  /** Changes that wait, and runs that are not over. */
  waiting: number;
  openRuns: number;
  connectionState: string;
}

/** Reads everything in one go; the connection is the only one there is. */
export async function readEvidence(world: World): Promise<Evidence> {
  const { db } = world.database;
  const [links, standings, issues, subscribed, waiting, runs, connections] = await Promise.all([
    db.query<{ hubspot_id: string; klaviyo_id: string }>('select hubspot_id, klaviyo_id from link'),
    db.query<{ at: string; state: string; reason: string | null; lists: string[] }>(
      `select side || ':' || record_id as at, state, reason, lists from standing`,
    ),
    db.query<KeptIssue>(
      `select code, side, record_id as "recordId", field, hubspot_id as "hubspotId", klaviyo_id as "klaviyoId", detail from issue`,
    ),
    db.query<{ klaviyoId: string; at: Date }>(
      `select klaviyo_id as "klaviyoId", at from history where action = 'subscribe'`,
    ),
    db.query<{ n: string }>('select count(*) as n from change'),
    db.query<{ n: string }>(`select count(*) as n from run where state in ('queued', 'running')`),
    db.query<{ state: string }>('select state from connection'),
  ]);
  return {
    links: new Map(links.map((link) => [link.hubspot_id, link.klaviyo_id])),
    standings: new Map(standings.map(({ at, ...standing }) => [at, standing])),
    issues,
    subscribed,
    waiting: Number(waiting[0]?.n ?? 0),
    openRuns: Number(runs[0]?.n ?? 0),
    connectionState: connections[0]?.state ?? 'none',
  };
}
