import { z } from 'zod';
import { RecordRefused } from '../../errors.js';
import type { HubspotField } from '../../rules/fields.js';
import type { HubspotSession } from './session.js';
import { apiVersion } from './version.js';

const propertySchema = z.object({
  name: z.string(),
  label: z.string(),
  type: z.string(),
  fieldType: z.string(),
  calculated: z.boolean().optional(),
  hidden: z.boolean().optional(),
  archived: z.boolean().optional(),
  options: z
    .array(z.object({ value: z.string(), label: z.string(), hidden: z.boolean().default(false) }).loose())
    .default([]),
  modificationMetadata: z
    .object({ readOnlyValue: z.boolean().default(false) })
    .loose()
    .optional(),
});

/** Every property of contacts and companies that can be mapped, with the reason where it cannot be written (D2). */
export async function readFields(session: HubspotSession): Promise<HubspotField[]> {
  const [contact, company] = await Promise.all([
    readObject(session, 'contact', 'contacts'),
    readObject(session, 'company', 'companies'),
  ]);
  return [...contact, ...company];
}

async function readObject(
  session: HubspotSession,
  object: 'contact' | 'company',
  type: string,
): Promise<HubspotField[]> {
  const answer = await session.request({
    operation: 'properties.list',
    method: 'GET',
    path: `/crm/properties/${apiVersion}/${type}`,
    schema: z.object({ results: z.array(propertySchema) }),
  });
  return answer.results.filter((property) => property.archived !== true).map((property) => fieldOf(object, property));
}

function fieldOf(object: 'contact' | 'company', property: z.infer<typeof propertySchema>): HubspotField {
  const because =
    object === 'company'
      ? 'A company belongs to many contacts, so its fields are only read.'
      : property.calculated === true || property.fieldType.startsWith('calculation')
        ? 'HubSpot calculates this property.'
        : property.modificationMetadata?.readOnlyValue === true
          ? 'HubSpot sets this property itself.'
          : undefined;
  return {
    object,
    name: property.name,
    label: property.label,
    type: property.type,
    fieldType: property.fieldType,
    ...(property.options.length === 0
      ? {}
      : { options: property.options.map(({ value, label, hidden }) => ({ value, label, hidden })) }),
    readOnly: because !== undefined,
    ...(because === undefined ? {} : { because }),
  };
}

const propertyPath = (name: string): string => `/crm/properties/${apiVersion}/contacts/${encodeURIComponent(name)}`;

/** Options as they are sent back: HubSpot replaces the whole list. */
const optionsSchema = z.object({
  options: z.array(
    z
      .object({
        value: z.string(),
        label: z.string(),
        hidden: z.boolean().default(false),
        displayOrder: z.number().default(-1),
      })
      .loose(),
  ),
});

/** Adds an option to a contact property (D8). An option of that value that is there already is left as it is. */
export async function createOption(
  session: HubspotSession,
  property: string,
  option: { value: string; label: string },
): Promise<void> {
  const path = propertyPath(property);
  const { options } = await session.request({
    operation: 'properties.get',
    method: 'GET',
    path,
    schema: optionsSchema,
  });
  if (options.some(({ value }) => value === option.value)) return;
  const added = { ...option, hidden: false, displayOrder: Math.max(-1, ...options.map((one) => one.displayOrder)) + 1 };
  await session.request({
    operation: 'properties.update',
    method: 'PATCH',
    path,
    body: { options: [...options, added] },
    schema: z.unknown(),
  });
}

/** A contact property of our own, e.g. for a roll-up or the stored consent. */
export interface NewProperty {
  name: string;
  label: string;
  description: string;
  groupName: string;
  type: 'bool' | 'date' | 'datetime' | 'enumeration' | 'number' | 'string';
  fieldType: 'booleancheckbox' | 'date' | 'number' | 'select' | 'text';
  options?: readonly { value: string; label: string }[];
}

/** Makes sure there is a group of contact properties. */
export async function ensureGroup(session: HubspotSession, group: { name: string; label: string }): Promise<void> {
  await unlessThere(() =>
    session.request({
      operation: 'properties.createGroup',
      method: 'POST',
      path: `/crm/properties/${apiVersion}/contacts/groups`,
      body: group,
      schema: z.unknown(),
    }),
  );
}

/** Makes sure there is a contact property of this name; one that is there already is left as it is. */
export async function ensureProperty(session: HubspotSession, property: NewProperty): Promise<void> {
  const options = (property.options ?? []).map((option, displayOrder) => ({ ...option, hidden: false, displayOrder }));
  await unlessThere(() =>
    session.request({
      operation: 'properties.create',
      method: 'POST',
      path: `/crm/properties/${apiVersion}/contacts`,
      body: { ...property, ...(property.options === undefined ? {} : { options }) },
      schema: z.unknown(),
    }),
  );
}

async function unlessThere(create: () => Promise<unknown>): Promise<void> {
  try {
    await create();
  } catch (error) {
    // Two processes may make the same one; the second finds it there.
    if (!(error instanceof RecordRefused) || error.detail.status !== 409) throw error;
  }
}
