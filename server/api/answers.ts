import { z } from 'zod';
import { activityFields } from './activity-answers.js';
import { engagementFields } from './engagement-schema.js';
import { mappingSchema, optionFields, rulesSchema } from './schema.js';

/** What the routes answer, for the published interface; the tests hold every answer against it. */

const time = z.iso.datetime();
const count = z.number().int().nonnegative();
const state = z.enum(['draft', 'initial_sync', 'active', 'paused', 'stopped']);
const side = z.enum(['hubspot', 'klaviyo']);

const pageOf = <Row extends z.ZodType>(row: Row): z.ZodType =>
  z.object({ results: z.array(row), next: z.string().nullable() });

export const klaviyoAccount = z.object({
  id: z.string(),
  name: z.string(),
  state: z.enum(['connected', 'reconnect', 'disconnected']),
  auth: z.enum(['oauth', 'api_key']),
  missingScopes: z.array(z.string()),
});
export const klaviyoAccountPage = pageOf(klaviyoAccount);

export const account = z.object({
  portal: z.object({ id: z.string(), name: z.string(), uiDomain: z.string() }),
  klaviyoAccounts: z.array(klaviyoAccount),
  usage: z.object({ month: z.string(), uniqueContacts: count }),
  alertEmail: z.string().nullable(),
  connections: z.array(z.object({ id: z.string(), name: z.string(), type: z.enum(['contact', 'engagement']), state })),
  appEvents: z.object({ approved: z.boolean(), message: z.string() }),
});

/** Of OAuth with Klaviyo, and of a download. */
export const oauthLink = z.object({ url: z.url(), expiresAt: time });

export const pickerPage = pageOf(
  z.object({
    id: z.string(),
    name: z.string(),
    size: count.optional(),
    type: z.enum(['static', 'active']).optional(),
    optIn: z.enum(['single_opt_in', 'double_opt_in']).optional(),
    archived: z.boolean().optional(),
  }),
);

const because = z.string().optional();
export const klaviyoField = z.object({
  kind: z.enum(['attribute', 'property']),
  name: z.string(),
  label: z.string(),
  type: z.enum(['string', 'number', 'boolean', 'date', 'list', 'object', 'unknown']),
  readOnly: z.boolean(),
  because,
  sample: z.string().optional(),
});
export const fields = z.object({
  hubspot: z.array(
    z.object({
      object: z.enum(['contact', 'company']),
      name: z.string(),
      label: z.string(),
      type: z.string(),
      fieldType: z.string(),
      options: z.array(z.object({ value: z.string(), label: z.string(), hidden: z.boolean() })).optional(),
      readOnly: z.boolean(),
      because,
    }),
  ),
  klaviyo: z.array(klaviyoField),
  proposed: z.array(mappingSchema),
});

const connectionFields = {
  id: z.string(),
  name: z.string(),
  klaviyoAccountId: z.string(),
  state,
  stateReason: z.string().nullable(),
  createdAt: time,
  /** What the settings page keeps of changes that are not in effect; its form is the page's own. */
  unsaved: z.object({ step: z.string(), form: z.record(z.string(), z.unknown()).nullable(), at: time }).nullable(),
};
const contactConnection = z.object({
  ...connectionFields,
  type: z.literal('contact'),
  direction: z.enum(['two_way', 'hubspot_to_klaviyo', 'klaviyo_to_hubspot']),
  rules: rulesSchema,
  mappings: z.array(mappingSchema),
  options: z.object(optionFields),
});
const engagementConnection = z.object({ ...connectionFields, type: z.literal('engagement'), ...engagementFields });
export const connection = z.union([contactConnection, engagementConnection]);
export const connectionPage = pageOf(connection);
const runId = { runId: z.string() };
export const startedConnection = z.union([contactConnection.extend(runId), engagementConnection.extend(runId)]);
export const started = z.object({ runId: z.string() });

const run = z.object({
  id: z.string(),
  kind: z.enum(['initial', 'continuous', 'manual', 'canary', 'undo']),
  state: z.enum(['queued', 'running', 'finished', 'failed', 'cancelled']),
  done: count,
  total: count.nullable(),
  ratePerSecond: z.number(),
  estimatedSeconds: z.number().nullable(),
  startedAt: time.nullable(),
  finishedAt: time.nullable(),
  counts: z.record(z.string(), z.number()),
  error: z.string().nullable(),
});
export const runPage = pageOf(run);

const banner = z.object({
  severity: z.string(),
  message: z.string(),
  fix: z.string(),
  link: z.string().nullable(),
});
export const status = z.object({
  state,
  stateReason: z.string().nullable(),
  /** What ails its accounts at present: a vendor that fails or limits, access that a person must give again. */
  troubles: z.array(banner),
  counts: z.object({ inSync: count, waiting: count, skipped: count, failed: count, engagements: count }),
  skippedBy: z.array(z.object({ reason: z.string(), count, message: z.string() })),
  lagSeconds: z.number().nonnegative(),
  run: run.nullable(),
  lastSuccessAt: time.nullable(),
  budget: z.object({ hubspot: z.number(), klaviyo: z.number() }),
});
export const overview = z.object({
  health: z.enum(['good', 'attention', 'broken']),
  connections: z.array(status.extend({ id: z.string(), name: z.string(), type: z.enum(['contact', 'engagement']) })),
  banners: z.array(banner),
});

const person = z.object({
  email: z.string().nullable(),
  hubspotId: z.string().nullable(),
  klaviyoId: z.string().nullable(),
});
export const issue = z.object({
  id: z.string(),
  connectionId: z.string(),
  code: z.string(),
  title: z.string(),
  detail: z.string(),
  fix: z.string(),
  contact: person.extend({ hubspotUrl: z.string().nullable() }),
  firstSeenAt: time,
  lastSeenAt: time,
  attempts: count,
  /** What a button can do about it; null when only a person can. */
  repair: z
    .object({ kind: z.string(), label: z.string(), does: z.string(), asks: z.enum(['region']).nullable() })
    .nullable(),
});
export const repaired = z.object({ repaired: count });
export const issuePage = pageOf(issue);
export const issueGroups = pageOf(
  z.object({ code: z.string(), title: z.string(), fix: z.string(), count, connectionId: z.string() }),
);
export const retried = z.object({ retried: count });

export const contact = z.object({
  sync: z.object({
    state: z.enum(['in_sync', 'waiting', 'skipped', 'failed', 'unlinked', 'not_in_scope']),
    reason: z.object({ code: z.string(), message: z.string() }),
    klaviyoUrl: z.string().nullable(),
    lastSyncedAt: time.nullable(),
  }),
  subscription: z.string().nullable(),
  lists: z.array(z.string()),
  /** The same lists by name, for people; by id where the name is not known. */
  listNames: z.array(z.string()),
  /** Names or the subscription are read behind this answer: the next one has them. */
  settling: z.boolean(),
  issues: z.array(
    z.object({ id: z.string(), code: z.string(), title: z.string(), detail: z.string(), fix: z.string() }),
  ),
  ...activityFields,
});
export const accepted = z.object({ accepted: z.literal(true) });

export const historyPage = pageOf(
  z.object({
    id: z.string(),
    at: time,
    runId: z.string().nullable(),
    connectionId: z.string(),
    contact: person,
    side,
    action: z.string(),
    outcome: z.enum(['done', 'refused', 'unknown']).nullable(),
    undoneBy: z.string().nullable(),
    field: z.string().nullable(),
    oldValue: z.unknown(),
    newValue: z.unknown(),
    because: z.string(),
    /** The other side's value that the winner replaced (D4). */
    overruled: z.unknown().optional(),
  }),
);

const previewPerson = z.object({
  action: z.enum(['create_in_hubspot', 'create_in_klaviyo', 'update', 'link', 'skip', 'issue', 'unchanged']),
  email: z.string().nullable(),
  hubspotId: z.string().nullable(),
  klaviyoId: z.string().nullable(),
  changes: z.array(
    z.object({
      side: z.enum(['hubspot', 'klaviyo']),
      field: z.string(),
      before: z.unknown(),
      after: z.unknown(),
      because: z.string(),
      overruled: z.unknown().optional(),
    }),
  ),
  lists: z.array(z.string()),
  subscribe: z.boolean(),
  optOut: z.array(z.enum(['hubspot', 'klaviyo'])),
  skipped: z.string().nullable(),
  /** Changes that are not answered, of a person with very many. */
  moreChanges: count,
  issues: z.array(
    z.object({ code: z.string(), field: z.string(), detail: z.string(), title: z.string(), fix: z.string() }),
  ),
});
export const previewStarted = z.object({ previewId: z.string() });
const bothSides = z.object({ hubspot: count, klaviyo: count });
export const preview = z.object({
  id: z.string(),
  state: z.enum(['queued', 'running', 'ready', 'failed']),
  error: z.string().nullable(),
  examined: count,
  isSample: z.boolean(),
  counts: z.object({
    create: bothSides,
    update: bothSides,
    link: count,
    skip: count,
    subscribe: count,
    conflict: count,
    issue: count,
    unchanged: count,
  }),
  cost: z.object({ newHubspotContacts: count, newKlaviyoProfiles: count }),
  skipped: z.array(z.object({ reason: z.string(), count, message: z.string() })),
  samples: z.array(previewPerson),
  createdAt: time,
  finishedAt: time.nullable(),
});
export const previewPage = pageOf(previewPerson);

/** Of a dry run; otherwise `started`. */
export const undo = z.union([
  started,
  z.object({
    isSample: z.boolean(),
    takesBack: z.array(
      z.object({
        email: z.string().nullable(),
        side: z.string(),
        field: z.string(),
        from: z.unknown(),
        to: z.unknown(),
      }),
    ),
    leftAlone: z.array(
      z.object({ email: z.string().nullable(), field: z.string(), reason: z.string(), message: z.string() }),
    ),
  }),
]);

export const explanation = z.object({
  contact: person,
  steps: z.array(
    z.object({
      at: time,
      step: z.string(),
      decision: z.string(),
      because: z.string(),
      detail: z.record(z.string(), z.unknown()),
    }),
  ),
});

export const parity = z.object({
  checkedPairs: count,
  comparedValues: count,
  agreeing: count,
  drift: count,
  causes: z.record(z.string(), count),
  differences: z.array(
    z.object({
      contact: person,
      field: z.string(),
      hubspot: z.unknown(),
      klaviyo: z.unknown(),
      because: z.string(),
      message: z.string(),
    }),
  ),
  worstLagSeconds: count,
  checkedAt: time.nullable(),
  complete: z.boolean(),
});

export const accountSettings = z.object({ alertEmail: z.string().nullable() });
export const erasurePage = pageOf(
  z.object({ at: time, report: z.record(z.string(), z.union([z.number(), z.boolean()])) }),
);
