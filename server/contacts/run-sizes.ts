/** How a run over everybody is cut. */
export interface RunSizes {
  /** People worked on together. */
  people: number;
  /** Of them, profiles without a contact beside contacts at most; as many contacts fewer, so that list writes stay full. */
  beside: number;
  /** Records of a vendor's page, and contacts that HubSpot creates in a call. */
  page: number;
}

/** Both vendors sell pages of a hundred: developers.hubspot.com, CRM batch limits; developers.klaviyo.com, Get Profiles. */
const mostOfPage = 100;

/**
 * Sizes by the people that are worked on together (`RUN_BATCH`): 2,000 fill two list writes of Klaviyo's and, where half of them
 * differ, one import job well. Where they are few the pages are small, too, so that little is enough to see a run that reads on
 * while it works. Pure.
 */
export const runSizes = (people: number): RunSizes => ({
  people,
  beside: Math.floor(people * 0.3),
  page: Math.min(mostOfPage, Math.max(1, Math.floor(people / 20))),
});
