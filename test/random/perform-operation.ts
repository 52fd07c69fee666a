import { installApp } from '../../sandbox/hubspot/fetch-proxy.js';
import { until, type World } from '../helpers/service.js';
import type { Ledger } from './ledger.js';
import { isOutsider, type Operation, type Scenario, type Side, type Values } from './operations.js';
import type { Contact, Profile, StandIns } from './stand-ins.js';

export interface Stage {
  world: World;
  standIns: StandIns;
  ledger: Ledger;
  scenario: Scenario;
  connectionId: string;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Carries out one operation and notes it. People try things that the vendors refuse: then it has no effect. */
export async function performOperation(stage: Stage, operation: Operation): Promise<void> {
  const { log, done } = stage.ledger;
  const entry = { at: new Date(), operation, ids: [], effect: false };
  log.push(entry);
  entry.effect = await perform(stage, operation);
  if (entry.effect) done.set(operation.kind, (done.get(operation.kind) ?? 0) + 1);
}

async function perform(stage: Stage, operation: Operation): Promise<boolean> {
  const { standIns, ledger } = stage;
  switch (operation.kind) {
    case 'edit':
      return edit(stage, operation.side, operation.who, operation.values);
    case 'edit_both': {
      const [one, other] = await Promise.all([
        edit(stage, 'hubspot', operation.who, operation.hubspot),
        edit(stage, 'klaviyo', operation.who, operation.klaviyo),
      ]);
      return one || other;
    }
    case 'create': {
      const sides: Side[] = operation.side === 'both' ? ['hubspot', 'klaviyo'] : [operation.side];
      const made = await Promise.all(sides.map((side) => create(stage, side, operation.who, operation[side])));
      return made.some((one) => one);
    }
    case 'delete': {
      const record = await recordOf(stage, operation.side, operation.who);
      return record !== null && (await standIns.delete(operation.side, record.id)) !== null;
    }
    case 'email':
      return moveTo(stage, operation.side, operation.who, operation.to);
    case 'email_taken': {
      const taken = ledger.addresses[operation.from]?.[0];
      return taken !== undefined && moveTo(stage, operation.side, operation.who, taken);
    }
    case 'merge':
      return merge(stage, operation.side, operation.who, operation.other);
    case 'list': {
      const record = await recordOf(stage, operation.side, operation.who);
      if (record === null) return false;
      if (operation.list === 'CstHub') ledger.moved.add(record.id);
      return (await standIns.membership(operation.side, operation.list, record.id, operation.join)) !== null;
    }
    case 'opt_out':
      return optOut(stage, operation.side, operation.who);
    case 'suppress': {
      const profile = await profileOf(stage, operation.who);
      if (profile?.attributes.email == null) return false;
      ledger.optedOut.set(profile.id, operation.how);
      return (await standIns.suppress(profile.attributes.email, operation.how)) !== null;
    }
    case 'fault':
      if (operation.fault.kind === 'expired_token' && (await standIns.tokenFails(operation.side))) return false;
      await standIns.fault(operation.side, operation.fault);
      return true;
    case 'webhooks':
      await standIns.webhooks({
        drop: operation.drop,
        duplicates: operation.duplicates,
        shuffle: operation.shuffle,
      });
      return true;
    case 'wait':
      await pause(operation.ms);
      return true;
    case 'pause':
    case 'remap':
    case 'ask':
    case 'crash':
    case 'another':
    case 'reinstall':
      return steer(stage, operation);
  }
}

async function recordOf(stage: Stage, side: Side, who: number): Promise<{ id: string } | null> {
  return side === 'hubspot' ? contactOf(stage, who) : profileOf(stage, who);
}

async function contactOf({ standIns, ledger }: Stage, who: number): Promise<Contact | null> {
  for (const address of ledger.addresses[who] ?? []) {
    const contact = await standIns.contact(address);
    if (contact === null) continue;
    ledger.log.at(-1)?.ids.push(contact.id);
    return contact;
  }
  return null;
}

async function profileOf({ standIns, ledger }: Stage, who: number): Promise<Profile | null> {
  for (const address of ledger.addresses[who] ?? []) {
    const profile = await standIns.profile(address);
    if (profile === null) continue;
    ledger.log.at(-1)?.ids.push(profile.id);
    return profile;
  }
  return null;
}

async function edit(stage: Stage, side: Side, who: number, values: Values): Promise<boolean> {
  const { standIns, ledger, scenario } = stage;
  const record = await recordOf(stage, side, who);
  if (record === null) return false;
  // Noted before it is done: the pass that sees it may be quicker than the answer.
  ledger.noteEdit(record.id, values);
  const answer =
    side === 'hubspot' ? await standIns.editContact(record.id, values) : await standIns.editProfile(record.id, values);
  if (answer === null) return false;
  if (isOutsider(scenario, who)) noteOutsider(stage, side, who, values);
  return true;
}

function noteOutsider({ ledger }: Stage, side: Side, who: number, values: Values): void {
  const address = ledger.addresses[who]?.[0] ?? '';
  ledger.outsiders[side].set(address, { ...ledger.outsiders[side].get(address), ...values });
}

async function create(stage: Stage, side: Side, who: number, values: Values): Promise<boolean> {
  const { standIns, ledger, scenario } = stage;
  const email = ledger.addresses[who]?.[0] ?? '';
  const made =
    side === 'hubspot' ? await standIns.createContact(email, values) : await standIns.createProfile(email, values);
  if (made === null) return false;
  ledger.log.at(-1)?.ids.push(made.id);
  if (isOutsider(scenario, who)) noteOutsider(stage, side, who, values);
  return true;
}

/** Gives a record another address. Where somebody has it there, the vendor refuses. */
async function moveTo(stage: Stage, side: Side, who: number, address: string): Promise<boolean> {
  const { standIns, ledger } = stage;
  const record = await recordOf(stage, side, who);
  if (record === null) return false;
  const answer =
    side === 'hubspot'
      ? await standIns.editContact(record.id, { email: address })
      : await standIns.editProfile(record.id, {}, { email: address });
  if (answer === null) return false;
  ledger.addresses[who]?.unshift(address);
  return true;
}

async function merge(stage: Stage, side: Side, who: number, other: number): Promise<boolean> {
  const { standIns, ledger } = stage;
  const [into, from] = await Promise.all([recordOf(stage, side, who), recordOf(stage, side, other)]);
  if (into === null || from === null || into.id === from.id) return false;
  if (side === 'klaviyo') {
    ledger.noteMerge(from.id, into.id);
    return (await standIns.mergeProfiles(from.id, into.id)) !== null;
  }
  const survivor = await standIns.mergeContacts(into.id, from.id);
  if (survivor === null) return false;
  ledger.log.at(-1)?.ids.push(survivor.id);
  ledger.noteMerge(into.id, survivor.id);
  ledger.noteMerge(from.id, survivor.id);
  return true;
}

async function optOut(stage: Stage, side: Side, who: number): Promise<boolean> {
  const { standIns, ledger } = stage;
  const [contact, profile] = await Promise.all([contactOf(stage, who), profileOf(stage, who)]);
  if (side === 'hubspot') {
    const email = contact?.properties['email'];
    return email != null && (await standIns.optOutInHubspot(email)) !== null;
  }
  if (profile?.attributes.email == null) return false;
  ledger.optedOut.set(profile.id, 'unsubscribed');
  return (await standIns.unsubscribe(profile.attributes.email)) !== null;
}

/** What is done to the service itself. Pauses and crashes take their time while other things go on. */
async function steer(
  stage: Stage,
  operation: Extract<Operation, { kind: 'pause' | 'remap' | 'ask' | 'crash' | 'another' | 'reinstall' }>,
): Promise<boolean> {
  const { world, ledger, connectionId } = stage;
  const later = (what: () => Promise<void>): true => {
    ledger.service = ledger.service.then(what);
    // It is waited for at the end, and a failure is told there.
    ledger.service.catch(() => undefined);
    return true;
  };
  const must = async (method: string, path: string, body?: unknown): Promise<void> => {
    const answer = await world.call(method, path, body);
    if (answer.status >= 300) throw new Error(`${method} ${path} answered ${answer.status}: ${answer.text}`);
  };
  const path = `/connections/${connectionId}`;
  switch (operation.kind) {
    case 'pause':
      return later(async () => {
        await must('POST', `${path}/pause`);
        await pause(operation.forMs);
        await must('POST', `${path}/resume`);
      });
    case 'crash':
      return later(async () => {
        await world.kill(operation.signal);
        await pause(operation.downMs);
        await world.start();
      });
    case 'another':
      return later(async () => {
        const other = await world.startAnother();
        await pause(operation.forMs);
        await other.kill(operation.signal);
      });
    case 'reinstall':
      return later(async () => {
        await stage.standIns.uninstall();
        await pause(operation.afterMs);
        // With HubSpot out of order a person tries again.
        await until('the app to be installed again', async () => {
          const { status } = await installApp(world.backend, world.portalId);
          return status === 200 ? true : null;
        });
        // The service learns of the removal by the next token it asks for; until then the connection is still active.
        const { state } = (await world.call('GET', path)).json as { state: string };
        if (state === 'paused') await must('POST', `${path}/resume`);
      });
    case 'remap': {
      const { property, direction, winner } = operation;
      return later(async () => {
        ledger.remapped.add(property);
        ledger.mappings = ledger.mappings.map((field) =>
          field.property === property ? { ...field, direction, winner } : field,
        );
        await must('PATCH', path, { mappings: mappingsJson(ledger) });
      });
    }
    case 'ask': {
      if (operation.what === 'everybody') return later(() => must('POST', `${path}/sync`));
      const contact = await contactOf(stage, operation.what);
      return contact !== null && later(() => must('POST', `/contacts/${contact.id}/sync`));
    }
  }
}

/** The mappings as the API takes them. */
export const mappingsJson = ({ mappings }: Ledger): object[] =>
  mappings.map(({ property, klaviyo, direction, winner, emptyToo }) => ({
    hubspot: { object: 'contact', property },
    klaviyo,
    direction,
    winner,
    emptyToo,
  }));
