import type { Side } from './connection.js';
import type { Because } from './reconcile.js';

/** Sentences that people read: reasons of writes, reasons of standings, issues. One place, so they can be edited as text. */

export const sideName = { hubspot: 'HubSpot', klaviyo: 'Klaviyo' } as const;
const other = { hubspot: 'klaviyo', klaviyo: 'hubspot' } as const;

/** Why a field was written to `to`, for the history. */
export function becauseOfWrite(because: Because, to: Side): string {
  const target = sideName[to];
  const source = sideName[other[to]];
  switch (because) {
    case 'filled':
      return `It was empty in ${target} and filled in ${source}.`;
    case 'first_contact_winner':
      return `Both sides differed when they first met; ${source} wins.`;
    case 'changed':
      return `It changed in ${source}.`;
    case 'emptied':
      return `It was emptied in ${source}, and the mapping carries that.`;
    case 'both_changed_winner':
      return `It changed on both sides; ${source} wins.`;
    case 'source_holds':
      return `It was changed in ${target}, but only ${source} sets this field.`;
    case 'undone':
      return `Taken back: it stands in ${target} as it did before.`;
    case 'agree':
    case 'left_apart':
    case 'refused':
    case 'source_empty':
    case 'emptying_not_carried':
      return `Nothing to write to ${target}.`;
  }
}

/** Of a value that a vendor refused (F11). */
export const restingWords =
  'It is not sent again until one of the two values changes, somebody retries, or a look at open issues comes round, a day later at most.';

export const standingReasons = {
  no_email: 'The contact has no email address, and email is what links the two sides.',
  invalid_email: 'The email address is not one that the other side accepts.',
  secondary_email: 'The email is a secondary address of a HubSpot contact that is linked by its primary one.',
  duplicate_email: 'Another, older record already holds this email address.',
  not_in_klaviyo: 'There is no such profile in Klaviyo, and creating profiles is switched off.',
  not_in_hubspot: 'There is no such contact in HubSpot, and creating contacts is switched off.',
  no_rule_to_klaviyo: 'There is no such profile in Klaviyo, and no rule takes this contact there.',
  no_rule_to_hubspot: 'There is no such contact in HubSpot, and no rule takes this profile there.',
  deleted_in_hubspot: 'The contact was deleted in HubSpot, so it is not created there again.',
  deleted_in_klaviyo: 'The profile was deleted in Klaviyo, so it is not created there again.',
  merged_in_klaviyo:
    'The profile was merged into another one in Klaviyo that is linked already, so it is not created again.',
  undone: 'Its creation on the other side was taken back, so it is not created again until somebody edits this record.',
  erased: 'The person asked for their data to be erased, so nothing is created of them.',
  beyond_limit: 'The connection is limited to a number of contacts, and this one is not among them.',
  beyond_stage: 'The connection is in its first stage, and this contact is not among those chosen for it.',
  list_missing: 'A list that a rule reads no longer exists; until another one is chosen the contact is left as it is.',
  left_rules: 'The contact matches no rule any more; updates have stopped, nothing was deleted.',
} as const;

/** Why somebody's consent was written, for the receipt in the history (C6). */
export const consentReasons = {
  never_subscribed: 'The contact matches a rule whose connection subscribes, and was never asked before.',
  resubscribe: 'The contact entered a rule whose connection resubscribes people who had unsubscribed earlier.',
  opted_out_in_hubspot: 'The contact opted out of all email in HubSpot, and the connection carries opt-outs.',
  opted_out_in_klaviyo: 'The person unsubscribed in Klaviyo, and the connection carries opt-outs.',
  opted_out_before_merge: 'A contact that was merged into this one had opted out, and the strictest state stands.',
  left_rules: 'The contact matches no rule any more, and the connection unsubscribes those who leave.',
  undone: 'The subscription was taken back.',
  merged: 'The contact was merged into one that is not in sync, and the connection unsubscribes those who leave.',
} as const;

export type ConsentReason = keyof typeof consentReasons;

export type StandingReason = keyof typeof standingReasons;

/** Why two mapped values differ although the pair is in sync. */
export const differenceWords: Record<string, string> = {
  waiting: 'A change is noticed and waits to be synced.',
  issue: 'The value cannot be synced; an issue says why.',
  emptying_not_carried: 'One side was emptied, and the mapping does not carry that.',
  left_apart: 'An undo put the two values apart, and nobody edited them since.',
  source_empty: 'Only one side sends this field, and it has nothing to send.',
  drift: 'Nobody had said that it changed; it is being repaired.',
};

/** Why an undo leaves something alone. */
export const undoWords = {
  edited_since: 'Somebody changed the value since; it is left as it is.',
  record_gone: 'The record is not there any more.',
  not_mapped: 'The field is in no mapping any more.',
  consent_stays: 'An opt-out is never turned back into consent.',
  email_stays: 'The email is what links the two records; correct it on one of them.',
  nothing_written: 'Nothing was written to a record that could be taken back.',
} as const;

/** What to do about an alert, by its code. */
export const alertWords = {
  too_many_issues:
    'Look at the issues, correct the mapping or the records, undo the stage if it went wrong, then resume.',
  max_new_records: 'Raise the ceiling or take it away under “Change” → “Save” of this connection, then resume.',
  many_issues: 'Open the issues: they are grouped by cause, each with what to do.',
  reconnect: 'Open the settings page and connect the account again; the sync goes on by itself.',
  drift: 'Nothing: the differences are being repaired. Should they come back, look at who else writes to these fields.',
} as const;

/** Title and fix of an issue code; the detail is made where the values are known. */
export const issueWords: Record<string, { title: string; fix: string }> = {
  invalid_phone: {
    title: 'Phone number cannot be converted',
    fix: 'Write the number with its country code (+49 …), or set the contact’s country or the connection’s default region.',
  },
  invalid_email: { title: 'Email address is not accepted', fix: 'Correct the email address on the record.' },
  option_missing: {
    title: 'Option does not exist in HubSpot',
    fix: 'Create the option on the HubSpot property, or correct the value in Klaviyo.',
  },
  value_type_mismatch: {
    title: 'Value does not fit the field',
    fix: 'Correct the value on the record, or map the field to one of a fitting type.',
  },
  value_too_long: { title: 'Value is too long', fix: 'Shorten the value, or take the field out of the mapping.' },
  field_missing: {
    title: 'Mapped field no longer exists',
    fix: 'Refresh the fields and choose another one, or remove the mapping.',
  },
  field_read_only: {
    title: 'Field is read-only',
    fix: 'Turn the mapping’s direction round, or choose a field that can be written.',
  },
  email_taken_in_hubspot: {
    title: 'Email belongs to another HubSpot contact',
    fix: 'Merge the two contacts in HubSpot, or give one of them another email address.',
  },
  email_taken_in_klaviyo: {
    title: 'Email belongs to another Klaviyo profile',
    fix: 'Merge the two profiles in Klaviyo, or give one of them another email address.',
  },
  hubspot_validation_rule: {
    title: 'HubSpot refuses the value',
    fix: 'Correct the value, or change the validation rule of the property in HubSpot.',
  },
  klaviyo_rejected: { title: 'Klaviyo refuses the record', fix: 'Correct the value that Klaviyo names, then retry.' },
  hubspot_rejected: { title: 'HubSpot refuses the record', fix: 'Correct what HubSpot names, then retry.' },
  list_missing: {
    title: 'List of a rule no longer exists',
    fix: 'Open the connection’s rules and choose another list.',
  },
  reconnect_hubspot: { title: 'HubSpot needs to be reconnected', fix: 'Install the app again from its settings page.' },
  reconnect_klaviyo: {
    title: 'Klaviyo needs to be reconnected',
    fix: 'Open the settings page and connect Klaviyo again.',
  },
  missing_scope: { title: 'A permission is missing', fix: 'Connect again and grant the permission that is named.' },
  phone_taken_in_klaviyo: {
    title: 'Phone number belongs to another Klaviyo profile',
    fix: 'Merge the two profiles in Klaviyo, or correct the number on one of the records.',
  },
  sms_region_unsupported: {
    title: 'Klaviyo does not take numbers of this region',
    fix: 'Enable the region for SMS in Klaviyo, or take the phone number out of the mapping.',
  },
};
