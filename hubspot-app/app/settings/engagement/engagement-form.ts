import type { Activities, EngagementConnection, EngagementOptions, Mapping, Sources } from '../api-types.js';

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
    name: name.trim() === '' ? 'Email activity' : name.trim(),
    ...(sourcesComplete(form) ? { sources } : {}),
    activities,
    options,
    ...(mappings === null ? {} : { mappings }),
  };
}
