import { words } from '../words.js';
import type {
  ContactConnection,
  ContactOptions,
  Direction,
  HubspotRule,
  KlaviyoRule,
  Mapping,
  UnsavedChanges,
} from '../api-types.js';

/** What a person has chosen so far. Rules may still lack their lists; such rules are not sent. */
export interface ContactForm {
  name: string;
  klaviyoAccountId: string;
  direction: Direction;
  hubspotRules: HubspotRule[];
  klaviyoRules: KlaviyoRule[];
  /** null until the service has proposed some. */
  mappings: Mapping[] | null;
  options: ContactOptions;
}

/** The proposal: two-way, everybody, HubSpot wins, nobody subscribed; only the Klaviyo list is left to choose. */
export function newContactForm(klaviyoAccountId: string, name: string): ContactForm {
  return {
    name,
    klaviyoAccountId,
    direction: 'two_way',
    hubspotRules: [{ source: { all: true }, klaviyoListId: '' }],
    klaviyoRules: [{ source: { all: true } }],
    mappings: null,
    options: {
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
    },
  };
}

export function formOf(connection: ContactConnection): ContactForm {
  const { name, klaviyoAccountId, direction, rules, mappings, options } = connection;
  return {
    name,
    klaviyoAccountId,
    direction,
    hubspotRules:
      rules.hubspotToKlaviyo.length > 0 ? rules.hubspotToKlaviyo : [{ source: { all: true }, klaviyoListId: '' }],
    klaviyoRules: rules.klaviyoToHubspot.length > 0 ? rules.klaviyoToHubspot : [{ source: { all: true } }],
    mappings,
    options,
  };
}

/** Which shape of the form was kept: what an older page kept in another shape is not taken up. */
const formVersion = 1;

/** What of the form is kept aside: with `whole` all of it, else the rules, as long as they lack a list. */
export function contactAside(form: ContactForm, whole: boolean): Record<string, unknown> | null {
  if (whole) return { version: formVersion, ...form };
  const { hubspotRules, klaviyoRules } = form;
  return rulesComplete(form) ? null : { version: formVersion, hubspotRules, klaviyoRules };
}

/** The form with what was kept aside. */
export function withAside(form: ContactForm, unsaved: UnsavedChanges | null): ContactForm {
  const { version, ...kept } = unsaved?.form ?? {};
  return version === formVersion ? { ...form, ...(kept as Partial<ContactForm>) } : form;
}

export const sendsToKlaviyo = (direction: Direction): boolean => direction !== 'klaviyo_to_hubspot';
export const sendsToHubspot = (direction: Direction): boolean => direction !== 'hubspot_to_klaviyo';

export const hubspotRuleComplete = ({ source, klaviyoListId }: HubspotRule): boolean =>
  klaviyoListId !== '' && ('all' in source || source.hubspotListIds.length > 0);
export const klaviyoRuleComplete = ({ source }: KlaviyoRule): boolean =>
  'all' in source || source.klaviyoListIds.length + source.klaviyoSegmentIds.length > 0;

/** Whether every rule that the direction uses has its lists. */
export const rulesComplete = ({ direction, hubspotRules, klaviyoRules }: ContactForm): boolean =>
  (!sendsToKlaviyo(direction) || (hubspotRules.length > 0 && hubspotRules.every(hubspotRuleComplete))) &&
  (!sendsToHubspot(direction) || (klaviyoRules.length > 0 && klaviyoRules.every(klaviyoRuleComplete)));

/** The form as the service takes it: complete rules of the directions in use; mappings only once there are any. */
export function bodyOf(form: ContactForm): Record<string, unknown> {
  const { direction, hubspotRules, klaviyoRules, mappings, options } = form;
  return {
    name: form.name.trim() === '' ? words.setup.noName : form.name.trim(),
    direction,
    rules: {
      hubspotToKlaviyo: sendsToKlaviyo(direction) ? hubspotRules.filter(hubspotRuleComplete) : [],
      klaviyoToHubspot: sendsToHubspot(direction) ? klaviyoRules.filter(klaviyoRuleComplete) : [],
    },
    ...(mappings === null ? {} : { mappings }),
    options,
  };
}
