import { hubspotValue, klaviyoValue, regionFor } from './compare-fields.js';
import type { ContactConnection, Side } from './connection.js';
import { readHubspot, readKlaviyo, writeHubspot, writeKlaviyo } from './convert.js';
import type { HubspotWrite, KlaviyoWrite } from './compare-fields.js';
import type { MappedField } from './mappings.js';
import type { Person } from './person.js';
import { sameValue, type Base, type Canonical } from './reconcile.js';

/** One write of the past, as the history keeps it. */
export interface PastWrite {
  id: string;
  side: Side;
  action: string;
  connectionId: string;
  fields: { key?: string; field: string; oldValue: Canonical; newValue: Canonical }[];
}

/** Why something is left as it is. */
export type UndoSkip =
  | 'edited_since' // somebody changed the value after we wrote it
  | 'record_gone' // there is no such record any more
  | 'not_mapped' // the field is in no mapping any more
  | 'consent_stays' // an opt-out is never undone into consent
  | 'email_stays' // the email is what links the pair
  | 'nothing_written'; // a link, an unlink, an activity: nothing to take back

export interface UndoPlan {
  hubspot: HubspotWrite;
  klaviyo: KlaviyoWrite;
  /** Values as they are left to stand, by field key. */
  base: Record<string, Base>;
  /** The contact was created by us and edited by nobody: it is archived. */
  archive: boolean;
  listRemoves: string[];
  listAdds: string[];
  /** Whether the subscription is withdrawn again. */
  unsubscribe: boolean;
  fields: { id: string; side: Side; key: string; field: string; oldValue: Canonical; newValue: Canonical }[];
  /** History rows of which something was taken back. */
  undone: string[];
  skipped: { id: string; field: string; because: UndoSkip }[];
}

/**
 * Plans taking back writes to one person, newest first. A value that somebody edited since is left alone; what was
 * created in HubSpot and touched by nobody since is archived; a profile that was created stays, emptied of what we wrote,
 * because Klaviyo deletes profiles for privacy only. Pure.
 */
export function planUndo(
  person: Person,
  writes: readonly PastWrite[],
  fields: readonly MappedField[],
  connections: readonly ContactConnection[],
): UndoPlan {
  const plan: UndoPlan = {
    hubspot: {},
    klaviyo: { attributes: {}, properties: {}, unset: [] },
    base: {},
    archive: false,
    listRemoves: [],
    listAdds: [],
    unsubscribe: false,
    fields: [],
    undone: [],
    skipped: [],
  };
  const region = regionFor(person, connections);
  const now = new Map<string, Canonical>();
  const current = (field: MappedField, side: Side): Canonical | undefined => {
    const at = `${side}:${field.key}`;
    if (!now.has(at)) {
      const read =
        side === 'hubspot'
          ? readHubspot(field.pair, hubspotValue(person, field), { region })
          : readKlaviyo(field.pair, klaviyoValue(person, field), { region });
      if (!read.ok) return undefined;
      now.set(at, read.value);
    }
    return now.get(at);
  };
  const skip = (write: PastWrite, field: string, because: UndoSkip): void => {
    plan.skipped.push({ id: write.id, field, because });
  };
  const mapped = (write: PastWrite, one: PastWrite['fields'][number]): MappedField | undefined =>
    fields.find(({ key }) => key === one.key) ??
    fields.find(({ pair }) => (write.side === 'hubspot' ? pair.hubspot.name : pair.klaviyo.name) === one.field);

  for (const write of writes) {
    const listId = write.fields[0]?.newValue ?? write.fields[0]?.oldValue;
    switch (write.action) {
      case 'list_add':
        if (typeof listId === 'string') plan.listRemoves.push(listId);
        plan.undone.push(write.id);
        continue;
      case 'list_remove':
        if (typeof listId === 'string') plan.listAdds.push(listId);
        plan.undone.push(write.id);
        continue;
      case 'subscribe':
        plan.unsubscribe = true;
        plan.undone.push(write.id);
        continue;
      case 'unsubscribe':
        skip(write, 'email marketing', 'consent_stays');
        continue;
      case 'create':
      case 'update':
      case 'clear':
        break;
      default:
        skip(write, write.action, 'nothing_written');
        continue;
    }
    const record = write.side === 'hubspot' ? person.hubspot : person.klaviyo;
    if (record === null) {
      skip(write, write.action, 'record_gone');
      continue;
    }
    if (write.action === 'create' && write.side === 'hubspot') {
      const edited = write.fields.filter((one) => {
        const field = mapped(write, one);
        return field !== undefined && !sameValue(current(field, 'hubspot'), one.newValue);
      });
      if (edited.length > 0) for (const one of edited) skip(write, one.field, 'edited_since');
      else {
        plan.archive = true;
        plan.undone.push(write.id);
      }
      continue;
    }
    let some = false;
    for (const one of write.fields) {
      if (one.field === 'email') {
        skip(write, 'email', 'email_stays');
        continue;
      }
      const field = mapped(write, one);
      if (field === undefined) {
        skip(write, one.field, 'not_mapped');
        continue;
      }
      const value = current(field, write.side);
      if (value === undefined || !sameValue(value, one.newValue)) {
        skip(write, one.field, 'edited_since');
        continue;
      }
      some = true;
      now.set(`${write.side}:${field.key}`, one.oldValue);
      setValue(plan, field, write.side, one.oldValue);
      const other = current(field, write.side === 'hubspot' ? 'klaviyo' : 'hubspot') ?? null;
      const [hubspot, klaviyo] = write.side === 'hubspot' ? [one.oldValue, other] : [other, one.oldValue];
      plan.base[field.key] = sameValue(hubspot, klaviyo) ? hubspot : { hubspot, klaviyo };
      plan.fields.push({
        id: write.id,
        side: write.side,
        key: field.key,
        field: one.field,
        oldValue: one.newValue,
        newValue: one.oldValue,
      });
    }
    if (some) plan.undone.push(write.id);
  }
  return plan;
}

function setValue(plan: UndoPlan, { pair }: MappedField, side: Side, value: Canonical): void {
  if (side === 'hubspot') {
    plan.hubspot[pair.hubspot.name] = writeHubspot(value);
    return;
  }
  const { name, kind } = pair.klaviyo;
  if (kind === 'attribute') {
    const written = writeKlaviyo(pair, value);
    plan.klaviyo.attributes[name] = written === null ? null : String(written);
    return;
  }
  plan.klaviyo.unset = plan.klaviyo.unset.filter((one) => one !== name);
  if (value === null) {
    Reflect.deleteProperty(plan.klaviyo.properties, name);
    plan.klaviyo.unset.push(name);
  } else plan.klaviyo.properties[name] = writeKlaviyo(pair, value);
}
