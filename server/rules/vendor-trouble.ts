/** What an answer of a vendor says of the vendor, not of the request. */
export type VendorCondition = 'well' | 'down' | 'limited';

/** Judges one answer by its status; `none`: no answer came. */
export function conditionOf(status: number | 'none'): VendorCondition {
  if (status === 'none' || status >= 500) return 'down';
  return status === 429 ? 'limited' : 'well';
}

/** A trouble that somebody met, in seconds before now. */
export interface VendorTrouble {
  vendor: 'hubspot' | 'klaviyo';
  /** Name of the Klaviyo company and our id of its account; '' for HubSpot. */
  company: string;
  account: string;
  kind: Exclude<VendorCondition, 'well'>;
  sinceSeconds: number;
  /** Since it was last met. */
  seenSeconds: number;
}

/** What heals by itself within this time, nobody is told of. */
export const patience = 60;
/** Not met for so long, it counts as over: work that waits asks again more often than that. */
export const forgotten = 300;

/** What people are told of it. `danger` is only what a person must do. */
export interface Banner {
  severity: 'danger' | 'warning' | 'info';
  message: string;
  fix: string;
  link: string | null;
}

const statusPages = { hubspot: 'https://status.hubspot.com', klaviyo: 'https://status.klaviyo.com' };

/** What to tell people of a vendor's trouble, or null when there is nothing to tell yet, or not any more. */
export function vendorBanner({ vendor, company, kind, sinceSeconds, seenSeconds }: VendorTrouble): Banner | null {
  if (seenSeconds > forgotten || sinceSeconds < patience) return null;
  const name = vendor === 'hubspot' ? 'HubSpot' : `Klaviyo (${company})`;
  const minutes = Math.floor(sinceSeconds / 60);
  const time = minutes === 1 ? 'a minute' : minutes < 120 ? `${minutes} minutes` : `${Math.floor(minutes / 60)} hours`;
  if (kind === 'down')
    return {
      severity: 'warning',
      message: `${name} has not answered for ${time}. Nothing is lost: what changes meanwhile is synced once it is back.`,
      fix: 'There is nothing to do here. Its status page says what is known.',
      link: statusPages[vendor],
    };
  return {
    severity: 'info',
    message: `${name} has been asking us to slow down for ${time}: this account’s API limits are used up. Syncing waits its turn.`,
    fix: 'There is nothing to do. If it goes on, see which other app uses this account’s limits.',
    link: null,
  };
}
