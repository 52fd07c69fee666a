export interface PropertyDefinition {
  name: string;
  label: string;
  type: 'bool' | 'date' | 'datetime' | 'enumeration' | 'number' | 'phone_number' | 'string';
  fieldType: string;
  groupName: string;
  description: string;
  options: { label: string; value: string; displayOrder: number; hidden: boolean }[];
  hubspotDefined: boolean;
  calculated: boolean;
  readOnly: boolean;
  hasUniqueValue: boolean;
  /** A validation rule of the customer: other values are refused with 400. */
  rule?: RegExp;
}

type Kind = Pick<PropertyDefinition, 'type' | 'fieldType'>;
const text: Kind = { type: 'string', fieldType: 'text' };
const number: Kind = { type: 'number', fieldType: 'number' };
const date: Kind = { type: 'date', fieldType: 'date' };
const datetime: Kind = { type: 'datetime', fieldType: 'date' };
const choice: Kind = { type: 'enumeration', fieldType: 'select' };

function property(
  name: string,
  label: string,
  kind: Kind,
  more: Partial<PropertyDefinition> & { values?: Record<string, string> } = {},
): PropertyDefinition {
  const { values = {}, ...rest } = more;
  return {
    name,
    label,
    ...kind,
    groupName: 'contactinformation',
    description: '',
    options: Object.entries(values).map(([value, optionLabel], displayOrder) => ({
      label: optionLabel,
      value,
      displayOrder,
      hidden: false,
    })),
    hubspotDefined: true,
    calculated: false,
    readOnly: false,
    hasUniqueValue: false,
    ...rest,
  };
}

const own = { hubspotDefined: false };
const system = { readOnly: true };
const colourOptions = { red: 'Red', green: 'Green', blue: 'Blue', dark_violet: 'Dark violet' };

/** The properties of a contact that the stand-in knows: HubSpot's usual ones and some a customer made. */
export function contactProperties(): PropertyDefinition[] {
  return [
    property('email', 'Email', text),
    property('firstname', 'First Name', text),
    property('lastname', 'Last Name', text),
    property('phone', 'Phone Number', { type: 'string', fieldType: 'phonenumber' }),
    property('mobilephone', 'Mobile Phone Number', { type: 'string', fieldType: 'phonenumber' }),
    property('company', 'Company Name', text),
    property('jobtitle', 'Job Title', text),
    property('salutation', 'Salutation', text),
    property('website', 'Website URL', text),
    property('address', 'Street Address', text),
    property('city', 'City', text),
    property('state', 'State/Region', text),
    property('zip', 'Postal Code', text),
    property('country', 'Country/Region', text),
    property('hs_language', 'Preferred language', choice, {
      values: { en: 'English', de: 'German', fr: 'French', ja: 'Japanese' },
    }),
    property('fax', 'Fax Number', text),
    property('industry', 'Industry', text),
    property('message', 'Message', { type: 'string', fieldType: 'textarea' }),
    property('twitterhandle', 'Twitter Username', text),
    property('numemployees', 'Number of Employees', choice, {
      values: { '1-5': '1-5', '5-25': '5-25', '25-50': '25-50' },
    }),
    property('annualrevenue', 'Annual Revenue', text),
    property('date_of_birth', 'Date of Birth', text),
    property('closedate', 'Close Date', datetime),
    property(
      'lifecyclestage',
      'Lifecycle Stage',
      { type: 'enumeration', fieldType: 'radio' },
      {
        values: {
          subscriber: 'Subscriber',
          lead: 'Lead',
          marketingqualifiedlead: 'Marketing Qualified Lead',
          salesqualifiedlead: 'Sales Qualified Lead',
          opportunity: 'Opportunity',
          customer: 'Customer',
          other: 'Other',
        },
      },
    ),
    property('hs_lead_status', 'Lead Status', choice, {
      values: { NEW: 'New', OPEN: 'Open', UNQUALIFIED: 'Unqualified' },
    }),
    property('hubspot_owner_id', 'Contact owner', choice),
    property(
      'hs_additional_emails',
      'Additional email addresses',
      { type: 'enumeration', fieldType: 'checkbox' },
      system,
    ),
    property('hs_merged_object_ids', 'Merged record IDs', { type: 'enumeration', fieldType: 'checkbox' }, system),
    property('hs_object_id', 'Record ID', number, system),
    property('createdate', 'Create Date', datetime, system),
    property('lastmodifieddate', 'Last Modified Date', datetime, system),
    property('associatedcompanyid', 'Primary Associated Company ID', number, system),
    property('hs_email_domain', 'Email Domain', text, { ...system, calculated: true }),
    property('num_associated_deals', 'Number of Associated Deals', number, { ...system, calculated: true }),
    property(
      'hs_email_optout',
      'Unsubscribed from all email',
      { type: 'bool', fieldType: 'booleancheckbox' },
      { ...system, values: { true: 'True', false: 'False' } },
    ),
    property('hs_email_open', 'Marketing emails opened', number, system),
    property(
      'favourite_colour',
      'Favourite colour',
      { type: 'enumeration', fieldType: 'radio' },
      { ...own, values: colourOptions },
    ),
    property('colours', 'Colours', { type: 'enumeration', fieldType: 'checkbox' }, { ...own, values: colourOptions }),
    property('birthday', 'Birthday', date, own),
    property('loyalty_points', 'Loyalty points', number, own),
    property(
      'newsletter',
      'Newsletter wanted',
      { type: 'bool', fieldType: 'booleancheckbox' },
      { ...own, values: { true: 'Yes', false: 'No' } },
    ),
    property('last_order_at', 'Last order', datetime, own),
    property('klaviyo_consent', 'Klaviyo consent', text, own),
    property(
      'customer_value',
      'Customer value',
      { type: 'number', fieldType: 'calculation_equation' },
      { ...own, calculated: true, readOnly: true },
    ),
    property('member_number', 'Member number', text, { ...own, hasUniqueValue: true }),
  ];
}

/** The properties of a company that the stand-in knows. */
export function companyProperties(): PropertyDefinition[] {
  const group = { groupName: 'companyinformation' };
  return [
    property('name', 'Company name', text, group),
    property('domain', 'Company Domain Name', text, group),
    property('industry', 'Industry', choice, {
      ...group,
      values: { RETAIL: 'Retail', COMPUTER_SOFTWARE: 'Computer Software', HOSPITALITY: 'Hospitality' },
    }),
    property('phone', 'Phone Number', { type: 'string', fieldType: 'phonenumber' }, group),
    property('city', 'City', text, group),
    property('country', 'Country/Region', text, group),
    property('annualrevenue', 'Annual Revenue', number, group),
    property('numberofemployees', 'Number of Employees', number, group),
    property('hs_lastmodifieddate', 'Last Modified Date', datetime, { ...group, ...system }),
    property('createdate', 'Create Date', datetime, { ...group, ...system }),
  ];
}
