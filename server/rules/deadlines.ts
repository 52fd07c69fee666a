/** Dates after which something of the vendors’ stops working; docs/deadlines.md has the sources. */
export interface Deadline {
  at: string;
  what: string;
  /** What to do before. */
  fix: string;
}

export const deadlines: readonly Deadline[] = [
  {
    at: '2027-04-30',
    what: 'Node 22, which the image is made of, gets no more security fixes.',
    fix: 'Move both stages of the `Dockerfile` to the newest long-term version.',
  },
  {
    at: '2028-07-15',
    what: 'Klaviyo’s revision 2026-07-15 is retired two years after its release.',
    fix: 'Move `server/vendors/klaviyo/version.ts` to a newer revision and run `npm run drift` over its documents.',
  },
  {
    at: '2028-03-31',
    what: 'HubSpot supports a dated API version for at least eighteen months: 2026-09 is then no longer the supported one.',
    fix: 'Move `server/vendors/hubspot/version.ts` and `hsproject.json` to a newer version; `npm run drift` says what it changes.',
  },
  {
    at: '2027-09-30',
    what: 'HubSpot’s 2026-03 version, which app events still use, reaches the end of its support.',
    fix: 'Move `timelineVersion` once HubSpot documents app events under a newer version.',
  },
];

const warnDays = 90;

/** Deadlines that are near or past. Pure. */
export function nearDeadlines(now: Date): (Deadline & { days: number })[] {
  return deadlines
    .map((deadline) => ({ ...deadline, days: Math.floor((Date.parse(deadline.at) - now.getTime()) / 86_400_000) }))
    .filter(({ days }) => days <= warnDays);
}
