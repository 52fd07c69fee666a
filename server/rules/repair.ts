/** What the app itself can do about an issue, at a press of a button: shown first, then done. */
export type Repair = { kind: 'create_option'; property: string; value: string } | { kind: 'refresh_fields' };

/** What the button does, in words. */
export function repairWords(repair: Repair): { label: string; does: string } {
  switch (repair.kind) {
    case 'create_option':
      return {
        label: `Create the option “${repair.value}”`,
        does: `Adds the option “${repair.value}” to the HubSpot property “${repair.property}”, then syncs the contacts that wait for it.`,
      };
    case 'refresh_fields':
      return {
        label: 'Refresh fields',
        does: 'Reads the fields of HubSpot and Klaviyo again. A field that is back is synced again.',
      };
  }
}
