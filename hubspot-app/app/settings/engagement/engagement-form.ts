import type {
  Activities,
  EngagementConnection,
  EngagementOptions,
  Mapping,
  Sources,
  UnsavedChanges,
} from '../api-types.js';
import { words } from '../words.js';

export interface EngagementForm {
  name: string;
  klaviyoAccountId: string;
  sources: Sources;
  activities: Activities;
  options: EngagementOptions;
  /** For contacts that are created; null until the service has proposed some. */
  mappings: Mapping[] | null;
}

/** The proposal: all email, what a person did, bots left out, from now on. */
export function newEngagementForm(klaviyoAccountId: string, name: string): EngagementForm {
  return {
    name,
    klaviyoAccountId,
    sources: { all: true, klaviyoListIds: [], klaviyoSegmentIds: [], flowIds: [], campaignIds: [] },
    activities: {
      sent: false,
      delivered: false,
      opened: true,
      clicked: true,
      bounced: true,
      unsubscribed: true,
      spam: true,
    },
    options: {
      excludeBots: true,
      everyOpen: false,
      createContacts: false,
      since: 'activation',
      linkCompany: true,
      linkDeals: 'oldest_open',
      dealPipelines: [],
      rollups: false,
    },
    mappings: null,
  };
}

export function engagementFormOf(connection: EngagementConnection): EngagementForm {
  const { name, klaviyoAccountId, sources, activities, options, mappings } = connection;
  return { name, klaviyoAccountId, sources, activities, options, mappings };
}

/** Which shape of the form was kept: what an older page kept in another shape is not taken up. */
const formVersion = 1;

/** What of the form is kept aside: with `whole` all of it, else the sources, as long as none is chosen. */
export function engagementAside(form: EngagementForm, whole: boolean): Record<string, unknown> | null {
  if (whole) return { version: formVersion, ...form };
  return sourcesComplete(form) ? null : { version: formVersion, sources: form.sources };
}

/** The form with what was kept aside. */
export function withEngagementAside(form: EngagementForm, unsaved: UnsavedChanges | null): EngagementForm {
  const { version, ...kept } = unsaved?.form ?? {};
  return version === formVersion ? { ...form, ...(kept as Partial<EngagementForm>) } : form;
}

export const sourcesComplete = ({ sources }: EngagementForm): boolean =>
  sources.all ||
  sources.klaviyoListIds.length +
    sources.klaviyoSegmentIds.length +
    sources.flowIds.length +
    sources.campaignIds.length >
    0;
/** Roll-ups alone are a use too. */
export const activitiesComplete = ({ activities, options }: EngagementForm): boolean =>
  options.rollups || Object.values(activities).some((on) => on);

/** The form as the service takes it; sources without any choice are not sent, so that a draft is never refused for them. */
export function engagementBodyOf(form: EngagementForm): Record<string, unknown> {
  const { name, sources, activities, options, mappings } = form;
  return {
    name: name.trim() === '' ? words.engagement.defaultName : name.trim(),
    ...(sourcesComplete(form) ? { sources } : {}),
    activities,
    options,
    ...(mappings === null ? {} : { mappings }),
  };
}
