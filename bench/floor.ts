/** What a pass did, as far as calls must have carried it. */
export interface Carried {
  contacts: number;
  profiles: number;
  createdInHubspot: number;
  updatedInHubspot: number;
  createdInKlaviyo: number;
  updatedInKlaviyo: number;
  joinedList: number;
}

const batches = (records: number, size: number): number => Math.ceil(records / size);

/**
 * The fewest calls that could carry a first two-way sync, from the vendors' batch sizes alone: every record is read once
 * (100 a page), every write is in a full batch (HubSpot 100; a Klaviyo import job 10,000, which 5 MB allow where a profile has
 * no more than 500 bytes, and one look at its end), the ids of created profiles are read once (100 a page), lists are joined
 * 1,000 at a time. Pure.
 */
export function fewestCalls(carried: Carried): { hubspot: number; klaviyo: number } {
  const written = carried.createdInKlaviyo + carried.updatedInKlaviyo;
  return {
    hubspot:
      batches(carried.contacts, 100) + batches(carried.createdInHubspot, 100) + batches(carried.updatedInHubspot, 100),
    klaviyo:
      batches(carried.profiles, 100) +
      2 * batches(written, 10_000) +
      batches(carried.createdInKlaviyo, 100) +
      batches(carried.joinedList, 1000),
  };
}

/** Of these, the ones that read profiles: Klaviyo counts them by themselves. Pure. */
export const fewestReads = ({ profiles, createdInKlaviyo }: Carried): number =>
  batches(profiles, 100) + batches(createdInKlaviyo, 100);

/** The fewest calls in which sweeps list what a sync wrote: no filter of the vendors leaves our own writes out. Pure. */
export function fewestListings(carried: Carried): { hubspot: number; klaviyo: number } {
  return {
    // A page of HubSpot's search holds 200.
    hubspot: batches(carried.createdInHubspot + carried.updatedInHubspot, 200),
    klaviyo: batches(carried.createdInKlaviyo + carried.updatedInKlaviyo, 100),
  };
}

/** Calls a second that the vendors' windows let through in the long run, of one portal and one account. */
export const steadyCalls = {
  /** 110 in ten seconds for a public app: developers.hubspot.com, API usage guidelines. */
  hubspot: 11,
  /** 700 a minute for reading profiles: developers.klaviyo.com, rate limits, tier L. */
  klaviyoProfiles: 700 / 60,
};
