import type { Side } from './connection.js';
import { toE164 } from './phone.js';

/** What the app itself can do about an issue, at a press of a button: shown first, then done. */
export type Repair =
  | { kind: 'create_option'; property: string; value: string }
  | { kind: 'refresh_fields' }
  /** Reads a national number in another country, and writes it with its country code where it stands. */
  | { kind: 'phone_region'; side: Side; field: string; attribute: boolean; text: string }
  /** Makes the holder of the email the partner, instead of the record that is linked now. */
  | { kind: 'adopt_holder'; side: Side; holderId: string; email: string };

/** What the button does, in words; `asks` names what the person must choose first. */
export function repairWords(repair: Repair): { label: string; does: string; asks: 'region' | null } {
  switch (repair.kind) {
    case 'create_option':
      return {
        label: `Create the option “${repair.value}”`,
        does: `Adds the option “${repair.value}” to the HubSpot property “${repair.property}”, then syncs the contacts that wait for it.`,
        asks: null,
      };
    case 'refresh_fields':
      return {
        label: 'Refresh fields',
        does: 'Reads the fields of HubSpot and Klaviyo again. A field that is back is synced again.',
        asks: null,
      };
    case 'phone_region':
      return {
        label: 'Read the number in another country',
        does: `Reads “${repair.text}” as a number of the country you choose and writes it with its country code in ${repair.side === 'hubspot' ? 'HubSpot' : 'Klaviyo'}.`,
        asks: 'region',
      };
    case 'adopt_holder':
      return {
        label: `Link with the ${repair.side === 'hubspot' ? 'contact' : 'profile'} that has ${repair.email}`,
        does: `Links the record with ${repair.side === 'hubspot' ? 'HubSpot contact' : 'Klaviyo profile'} ${repair.holderId} from now on. The one it was linked with so far is left as it is.`,
        asks: null,
      };
  }
}

/** The number that a phone repair would write, or null when it is no number of that country. Pure. */
export const repairedPhone = (repair: Extract<Repair, { kind: 'phone_region' }>, region: string): string | null =>
  toE164(repair.text, region);
