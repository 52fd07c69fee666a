import { z } from 'zod';
import type { ContactConfig } from '../rules/connection.js';

/** The contract of the HTTP interface: what the settings page and cards may send. OpenAPI is made from it. */

const id = z.string().min(1).max(64);
const name = z.string().trim().min(1).max(200);

export const mappingSchema = z.strictObject({
  hubspot: z.strictObject({ object: z.enum(['contact', 'company']), property: name }),
  klaviyo: z.strictObject({ kind: z.enum(['attribute', 'property']), name }),
  direction: z.enum(['both', 'to_klaviyo', 'to_hubspot']).default('both'),
  winner: z.enum(['hubspot', 'klaviyo']).nullable().default(null),
  emptyToo: z.boolean().default(false),
});

const hubspotSource = z.union([
  z.strictObject({ all: z.literal(true) }),
  z.strictObject({ hubspotListIds: z.array(id).min(1).max(100) }),
]);
const klaviyoSource = z.union([
  z.strictObject({ all: z.literal(true) }),
  z
    .strictObject({
      klaviyoListIds: z.array(id).max(100).default([]),
      klaviyoSegmentIds: z.array(id).max(100).default([]),
    })
    .refine(
      (source) => source.klaviyoListIds.length + source.klaviyoSegmentIds.length > 0,
      'Choose at least one list or segment.',
    ),
]);

export const rulesSchema = z.strictObject({
  hubspotToKlaviyo: z
    .array(z.strictObject({ source: hubspotSource, klaviyoListId: id }))
    .max(50)
    .default([]),
  klaviyoToHubspot: z
    .array(z.strictObject({ source: klaviyoSource }))
    .max(50)
    .default([]),
});

export const optionFields = {
  winner: z.enum(['hubspot', 'klaviyo']),
  subscribe: z.boolean(),
  resubscribe: z.boolean(),
  unsubscribeOnExit: z.boolean(),
  createInHubspot: z.boolean(),
  createInKlaviyo: z.boolean(),
  defaultRegion: z.string().regex(/^[A-Z]{2}$/, 'must be a country code of two capital letters'),
  limit: z.number().int().positive().nullable(),
  erasePrivacyDeletionsInKlaviyo: z.boolean(),
  carryOptOuts: z.enum(['off', 'to_hubspot', 'to_klaviyo', 'both']),
  stage: z.enum(['all', 'canary', 'tenth']),
  maxNewRecords: z.number().int().nonnegative().nullable(),
};
const optionsPatch = z.strictObject(optionFields).partial();

/** What a connection's options are until somebody says otherwise. */
export const defaultOptions: ContactConfig['options'] = {
  winner: 'hubspot',
  subscribe: false,
  resubscribe: false,
  unsubscribeOnExit: false,
  createInHubspot: true,
  createInKlaviyo: true,
  defaultRegion: 'US',
  limit: null,
  erasePrivacyDeletionsInKlaviyo: false,
  carryOptOuts: 'off',
  stage: 'all',
  maxNewRecords: null,
};

const direction = z.enum(['two_way', 'hubspot_to_klaviyo', 'klaviyo_to_hubspot']);

/** Characters of a form kept aside: 500 mappings take about a third. */
const longestForm = 300_000;

/** The step a set-up was left on, and what its form holds that is not in effect; null forgets it. */
export const unsavedSchema = z
  .strictObject({
    step: z.string().min(1).max(40),
    form: z
      .record(z.string().max(100), z.unknown())
      .refine((form) => JSON.stringify(form).length <= longestForm, 'is too large to be kept')
      .nullable()
      .default(null),
  })
  .nullable();

export const newConnectionSchema = z.strictObject({
  type: z.literal('contact'),
  name: name.default('Contacts'),
  klaviyoAccountId: id,
  direction: direction.default('two_way'),
  rules: rulesSchema.default({ hubspotToKlaviyo: [], klaviyoToHubspot: [] }),
  /** Left out: the proposed mappings. */
  mappings: z.array(mappingSchema).max(500).optional(),
  options: optionsPatch.default({}),
  unsaved: unsavedSchema.optional(),
});

export const connectionPatchSchema = z.strictObject({
  name: name.optional(),
  direction: direction.optional(),
  rules: rulesSchema.optional(),
  mappings: z.array(mappingSchema).max(500).optional(),
  options: optionsPatch.optional(),
  unsaved: unsavedSchema.optional(),
});

export const apiKeySchema = z.strictObject({ apiKey: z.string().trim().min(8).max(200) });
/** `?klaviyoAccountId=&options=`: options=false leaves out what lists to choose from offer. */
export const fieldsQuerySchema = z.object({
  klaviyoAccountId: id,
  options: z.stringbool().default(true),
});
export const refreshFieldsSchema = z.strictObject({ klaviyoAccountId: id, options: z.boolean().default(true) });
export const newPropertySchema = z.strictObject({
  klaviyoAccountId: id,
  name,
  type: z.enum(['string', 'number', 'boolean', 'date', 'list']).default('string'),
});
export const issueExportSchema = z.strictObject({ connectionId: z.guid().optional(), code: id.optional() });
export const retryManySchema = z.strictObject({ connectionId: z.guid().optional(), code: id.optional() });

/** `?connectionId=&code=` */
export const issueFilterSchema = z.object({ connectionId: z.guid().optional(), code: id.optional() });

/** `?contactId=&email=&runId=&connectionId=` */
export const historyFilterSchema = z.object({
  contactId: id.optional(),
  email: z.string().trim().min(3).max(320).optional(),
  runId: z.guid().optional(),
  connectionId: z.guid().optional(),
});

/** `?cursor=&limit=` */
export const pageSchema = z.object({
  cursor: z.string().max(200).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});

/** How many people a preview looks at; everybody when left out. */
export const previewSchema = z.strictObject({ people: z.number().int().min(1).max(1_000_000).optional() });

/** `dryRun` only shows what would be taken back. */
export const undoSchema = z.strictObject({ dryRun: z.boolean().default(false), connectionId: z.string().optional() });
export const undoSinceSchema = z.strictObject({
  dryRun: z.boolean().default(false),
  since: z.iso.datetime({ offset: true }),
});

/** Where the portal's owner wants to hear of alerts; null: in HubSpot only. */
export const accountPatchSchema = z.strictObject({ alertEmail: z.email().max(320).nullable() });

const region = z
  .string()
  .regex(/^[A-Z]{2}$/, 'must be a country code such as DE')
  .optional();
/** What the person chose before pressing an issue's button: the country in which a number is read. */
export const repairSchema = z.strictObject({ region });
export const repairManySchema = retryManySchema.extend({ region });
