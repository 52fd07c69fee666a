/** Fields of both sides as plain data: what the mapping table shows and the conversions need. */

/** A HubSpot property type and how it is edited. https://developers.hubspot.com/docs/api-reference/crm-properties-v3/guide */
export interface HubspotField {
  object: 'contact' | 'company';
  name: string;
  label: string;
  type: 'bool' | 'date' | 'datetime' | 'enumeration' | 'number' | 'phone_number' | 'string' | (string & {});
  fieldType: string;
  options?: { value: string; label: string; hidden: boolean }[];
  readOnly: boolean;
  /** Why it is read-only, in words. */
  because?: string;
}

/** A Klaviyo profile attribute (fixed set) or custom property (found by sampling; its type is that of its values). */
export interface KlaviyoField {
  kind: 'attribute' | 'property';
  name: string;
  label: string;
  type: 'string' | 'number' | 'boolean' | 'date' | 'list' | 'object' | 'unknown';
  readOnly: boolean;
  because?: string;
  sample?: string;
}
