import { z } from 'zod';
import { mappingSchema, unsavedSchema } from './schema.js';

/** What the settings page may send of an engagement connection. */

const id = z.string().min(1).max(64);
const ids = z.array(id).max(200).default([]);

export const sourcesSchema = z.strictObject({
  all: z.boolean().default(false),
  klaviyoListIds: ids,
  klaviyoSegmentIds: ids,
  flowIds: ids,
  campaignIds: ids,
});

const activityFields = {
  sent: z.boolean(),
  delivered: z.boolean(),
  opened: z.boolean(),
  clicked: z.boolean(),
  bounced: z.boolean(),
  unsubscribed: z.boolean(),
  spam: z.boolean(),
};
const activitiesPatch = z.strictObject(activityFields).partial();

export const engagementOptionFields = {
  excludeBots: z.boolean(),
  everyOpen: z.boolean(),
  createContacts: z.boolean(),
  since: z.union([z.enum(['activation', 'last_30_days']), z.iso.datetime({ offset: true })]),
  linkCompany: z.boolean(),
  linkDeals: z.enum(['oldest_open', 'newest_open', 'all_open', 'none']),
  dealPipelines: z.array(id).max(100),
  rollups: z.boolean(),
};
const optionsPatch = z.strictObject(engagementOptionFields).partial();

export const newEngagementSchema = z.strictObject({
  type: z.literal('engagement'),
  name: z.string().trim().min(1).max(200).default('Email activity'),
  klaviyoAccountId: id,
  sources: sourcesSchema.optional(),
  activities: activitiesPatch.default({}),
  options: optionsPatch.default({}),
  /** For contacts that are created. Left out: the proposed mappings. */
  mappings: z.array(mappingSchema).max(500).optional(),
  unsaved: unsavedSchema.optional(),
});

export const engagementPatchSchema = z.strictObject({
  name: z.string().trim().min(1).max(200).optional(),
  sources: sourcesSchema.optional(),
  activities: activitiesPatch.optional(),
  options: optionsPatch.optional(),
  mappings: z.array(mappingSchema).max(500).optional(),
  unsaved: unsavedSchema.optional(),
});

/** An engagement connection as it is answered. */
export const engagementFields = {
  sources: sourcesSchema,
  activities: z.object(activityFields),
  options: z.object(engagementOptionFields),
  mappings: z.array(mappingSchema),
};
