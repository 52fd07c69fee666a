import { z } from 'zod';
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
  options: z.array(z.object({ value: z.string(), label: z.string(), hidden: z.boolean().default(false) }).loose()).default([]),
  modificationMetadata: z.object({ readOnlyValue: z.boolean().default(false) }).loose().optional(),
});

/** Every property of contacts and companies that can be mapped, with the reason where it cannot be written (D2). */
export async function readFields(session: HubspotSession): Promise<HubspotField[]> {
  const [contact, company] = await Promise.all([readObject(session, 'contact', 'contacts'), readObject(session, 'company', 'companies')]);
  return [...contact, ...company];
}

async function readObject(session: HubspotSession, object: 'contact' | 'company', type: string): Promise<HubspotField[]> {
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
    ...(property.options.length === 0 ? {} : { options: property.options.map(({ value, label, hidden }) => ({ value, label, hidden })) }),
    readOnly: because !== undefined,
    ...(because === undefined ? {} : { because }),
  };
}
