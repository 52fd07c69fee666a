import type { PersonPlan } from './plan-person.js';
import type { Canonical } from './reconcile.js';
import { becauseOfWrite } from './words.js';

/** What one connection would do to one person, for people to read before it happens. */
export interface PersonPreview {
  action: 'create_in_hubspot' | 'create_in_klaviyo' | 'update' | 'link' | 'skip' | 'issue' | 'unchanged';
  email: string | null;
  hubspotId: string | null;
  klaviyoId: string | null;
  changes: {
    side: 'hubspot' | 'klaviyo';
    field: string;
    before: Canonical;
    after: Canonical;
    because: string;
    overruled?: Canonical;
  }[];
  lists: string[];
  subscribe: boolean;
  optOut: ('hubspot' | 'klaviyo')[];
  skipped: string | null;
  issues: { code: string; field: string; detail: string }[];
}

/** Counts of a preview, as the interface names them, flat. */
export interface PreviewCounts {
  createHubspot: number;
  createKlaviyo: number;
  updateHubspot: number;
  updateKlaviyo: number;
  link: number;
  skip: number;
  subscribe: number;
  conflict: number;
  issue: number;
  unchanged: number;
}

export const noPreviewCounts: PreviewCounts = {
  createHubspot: 0,
  createKlaviyo: 0,
  updateHubspot: 0,
  updateKlaviyo: 0,
  link: 0,
  skip: 0,
  subscribe: 0,
  conflict: 0,
  issue: 0,
  unchanged: 0,
};

/** What a plan says of one connection, or null when the person does not concern it. Pure. */
export function previewOf(plan: PersonPlan, connectionId: string): PersonPreview | null {
  const standing = plan.standings.find((one) => one.connectionId === connectionId);
  if (standing === undefined) return null;
  const { person } = plan;
  const inScope = plan.connectionIds.includes(connectionId);
  const changes = plan.writes
    .filter((write) => write.connectionId === connectionId)
    .map((write) => ({
      side: write.side,
      field: write.field,
      before: write.oldValue,
      after: write.newValue,
      because: becauseOfWrite(write.because, write.side),
      ...(write.overruled === undefined ? {} : { overruled: write.overruled }),
    }));
  const issues = plan.issues
    .filter((issue) => issue.connectionId === connectionId)
    .map(({ code, field, detail }) => ({ code, field, detail }));
  const preview: PersonPreview = {
    action: 'unchanged',
    email: plan.email,
    hubspotId: person.hubspot?.id ?? null,
    klaviyoId: person.klaviyo?.id ?? null,
    changes,
    lists: plan.listAdds.filter((list) => list.connectionId === connectionId).map(({ listId }) => listId),
    subscribe: plan.subscribe?.connectionId === connectionId,
    optOut: plan.optOuts.filter((optOut) => optOut.connectionId === connectionId).map(({ side }) => side),
    skipped: standing.state === 'skipped' ? standing.reason : null,
    issues,
  };
  return { ...preview, action: actionOf(plan, preview, inScope) };
}

function actionOf(plan: PersonPlan, preview: PersonPreview, inScope: boolean): PersonPreview['action'] {
  if (preview.skipped !== null) return 'skip';
  if (inScope && plan.hubspot?.action === 'create') return 'create_in_hubspot';
  if (inScope && plan.klaviyo?.action === 'create') return 'create_in_klaviyo';
  if (preview.changes.length > 0) return 'update';
  if (preview.issues.length > 0) return 'issue';
  if (plan.person.link === null && plan.person.hubspot !== null && plan.person.klaviyo !== null) return 'link';
  return preview.lists.length > 0 || preview.subscribe || preview.optOut.length > 0 ? 'update' : 'unchanged';
}

/** Adds one person to the counts. Pure. */
export function countPreview(counts: PreviewCounts, preview: PersonPreview, plan: PersonPlan): PreviewCounts {
  const { changes } = preview;
  const linked = plan.person.link === null && plan.person.hubspot !== null && plan.person.klaviyo !== null;
  const updates = (side: 'hubspot' | 'klaviyo'): number =>
    plan[side]?.action === 'update' && changes.some((change) => change.side === side) ? 1 : 0;
  const add = (when: boolean): number => (when ? 1 : 0);
  return {
    createHubspot: counts.createHubspot + add(preview.action === 'create_in_hubspot'),
    createKlaviyo: counts.createKlaviyo + add(preview.action === 'create_in_klaviyo'),
    updateHubspot: counts.updateHubspot + updates('hubspot'),
    updateKlaviyo: counts.updateKlaviyo + updates('klaviyo'),
    link: counts.link + add(linked && preview.action !== 'skip'),
    skip: counts.skip + add(preview.action === 'skip'),
    subscribe: counts.subscribe + add(preview.subscribe),
    conflict: counts.conflict + add(changes.some((change) => change.overruled !== undefined)),
    issue: counts.issue + add(preview.issues.length > 0),
    unchanged: counts.unchanged + add(preview.action === 'unchanged'),
  };
}
