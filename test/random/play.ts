import { makePeople } from '../../sandbox/seed/people.js';
import {
  connectKlaviyo,
  draftConnection,
  activateConnection,
  openWorld,
  settled,
  until,
  type World,
} from '../helpers/service.js';
import { runBatch } from '../helpers/run-batch.js';
import { readEvidence } from './evidence.js';
import { randomFields } from './fields.js';
import { judgeConsent, judgeLists, judgeOutsiders } from './judge-consent.js';
import { judgeIssues } from './judge-issues.js';
import { judgePeople, type Facts } from './judge-people.js';
import { Ledger } from './ledger.js';
import { isOutsider, peopleInAll, seededPeople, type Operation, type Scenario, type Values } from './operations.js';
import { mappingsJson, performOperation, type Stage } from './perform-operation.js';
import { inHubspot, inKlaviyo } from './judge-values.js';
import { StandIns } from './stand-ins.js';
import { storyOf } from './story-of.js';
import type { Violation } from './violation.js';

export interface Outcome {
  violations: Violation[];
  /** What was done to the records of the first violations, by people and by the service. */
  stories: string[];
  /** Operations that took effect, by kind. */
  done: Record<string, number>;
  /** Errors that the service logged. */
  logged: string[];
  tookMs: { operations: number; calming: number };
}

const rules = {
  everybody: {
    hubspotToKlaviyo: [{ source: { all: true }, klaviyoListId: 'CstHub' }],
    klaviyoToHubspot: [{ source: { all: true } }],
  },
  lists: {
    hubspotToKlaviyo: [{ source: { hubspotListIds: ['41'] }, klaviyoListId: 'CstHub' }],
    klaviyoToHubspot: [{ source: { klaviyoListIds: ['VipLst'] } }],
  },
};

/** Plays operations in a world of its own, waits until all is quiet and answers what is wrong then. */
export async function play(
  operations: readonly Operation[],
  { scenario, seed, calmMs }: { scenario: Scenario; seed: number; calmMs: number },
): Promise<Outcome> {
  const world = await openWorld({
    people: makePeople(seededPeople, seed),
    klaviyo: { jobMs: 30, mergedIdsMs: 600_000 },
    environment: runBatch(seed),
  });
  try {
    const started = performance.now();
    const stage = await setTheStage(world, scenario, seed);
    for (const operation of operations) await performOperation(stage, operation);
    const played = performance.now();
    await stage.ledger.service;
    await stage.standIns.calm();
    let violations = await judgeWhenQuiet(stage, calmMs);
    if (violations.length === 0) violations = await judgeSecondPass(stage);
    return {
      violations,
      stories: await Promise.all(violations.slice(0, 8).map((violation) => storyOf(stage, violation))),
      done: Object.fromEntries(stage.ledger.done),
      logged: world
        .output()
        .split('\n')
        .filter((line) => /"level":(50|60)/.test(line)),
      tookMs: { operations: Math.round(played - started), calming: Math.round(performance.now() - played) },
    };
  } finally {
    await world.close();
  }
}

async function setTheStage(world: World, scenario: Scenario, seed: number): Promise<Stage> {
  const ledger = new Ledger();
  const people = makePeople(seededPeople, seed);
  for (let who = 0; who < peopleInAll; who += 1) {
    const person = people[who];
    const seeded = [person?.email, person?.klaviyo?.email].filter((email) => email != null);
    ledger.addresses.push(seeded.length > 0 ? [...new Set(seeded)] : [`person${who}@example.org`]);
  }
  const [portal, account] = [portalOf(world), accountOf(world)];
  for (const profile of account.profiles.values()) {
    if (profile.consent === 'UNSUBSCRIBED') ledger.optedOut.set(profile.id, 'unsubscribed at the start');
    else if (profile.suppressions.length > 0) ledger.optedOut.set(profile.id, 'suppressed at the start');
  }
  for (let who = 0; who < peopleInAll; who += 1) {
    if (!isOutsider(scenario, who)) continue;
    const address = ledger.addresses[who]?.[0] ?? '';
    const contact = portal.contacts.get(portal.emails.get(address) ?? '');
    const [profile] = account.holder({ email: address });
    if (contact !== undefined) {
      portal.lists.get('41')?.members.delete(contact.id);
      const given: Values = Object.fromEntries(
        randomFields.map((field) => [field.property, inHubspot(contact, field)]),
      );
      ledger.outsiders.hubspot.set(address, given);
    }
    if (profile !== undefined) {
      account.lists.get('VipLst')?.members.delete(profile.id);
      const given: Values = Object.fromEntries(
        randomFields.map((field) => [field.property, inKlaviyo(profile, field)]),
      );
      ledger.outsiders.klaviyo.set(address, given);
    }
  }
  const connectionId = await draftConnection(world, {
    name: 'Random',
    klaviyoAccountId: await connectKlaviyo(world),
    rules: rules[scenario],
    mappings: mappingsJson(ledger),
    options: { subscribe: true, carryOptOuts: 'both', defaultRegion: 'DE' },
  });
  await activateConnection(world, connectionId);
  await settled(world, connectionId);
  return { world, standIns: new StandIns(world), ledger, scenario, connectionId };
}

const portalOf = (world: World): Facts['portal'] => {
  const portal = world.hubspot.portals.get(world.portalId);
  if (portal === undefined) throw new Error('There is no portal.');
  return portal;
};
const accountOf = (world: World): Facts['account'] => {
  const account = world.klaviyo.accounts.get('TANDM1');
  if (account === undefined) throw new Error('There is no account.');
  return account;
};

/** Judges again and again until nothing is wrong or the time is over; answers what was wrong last. */
async function judgeWhenQuiet({ world, ledger, scenario }: Stage, limitMs: number): Promise<Violation[]> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const evidence = await readEvidence(world);
    const facts: Facts = { portal: portalOf(world), account: accountOf(world), evidence, ledger, scenario };
    const violations = [
      ...(evidence.waiting > 0 ? [{ rule: 'G1', who: 'changes', what: `${evidence.waiting} still wait` }] : []),
      ...(evidence.openRuns > 0 ? [{ rule: 'F3', who: 'runs', what: `${evidence.openRuns} are not over` }] : []),
      ...(evidence.connectionState === 'active'
        ? []
        : [{ rule: 'G1', who: 'connection', what: `is ${evidence.connectionState}` }]),
      ...judgePeople(facts),
      ...judgeIssues(facts),
      ...judgeConsent(facts),
      ...judgeLists(facts),
      ...judgeOutsiders(facts),
    ];
    if (violations.length === 0 || performance.now() > deadline) return violations;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** D5: a pass over everybody when all is quiet writes nothing. */
async function judgeSecondPass({ world, connectionId }: Stage): Promise<Violation[]> {
  const before = snapshot(world);
  const asked = await world.call('POST', `/connections/${connectionId}/sync`);
  if (asked.status !== 202) throw new Error(asked.text);
  const { runId } = asked.json as { runId: string };
  await until('the pass over everybody', async () => {
    const evidence = await readEvidence(world);
    const [run] = await world.database.db.query<{ state: string }>('select state from run where id = $1', [runId]);
    return run?.state === 'finished' && evidence.waiting === 0 ? true : null;
  });
  const after = snapshot(world);
  return [...new Set([...before.keys(), ...after.keys()])]
    .filter((id) => before.get(id) !== after.get(id))
    .map((id) => ({
      rule: 'D5',
      who: id,
      what: `a pass over quiet records wrote: ${before.get(id) ?? 'nothing'} → ${after.get(id) ?? 'nothing'}`,
    }));
}

/** Every record of both sides as it stands, with its last modification. */
function snapshot(world: World): Map<string, string> {
  const account = accountOf(world);
  const lists = [...account.lists.values()];
  return new Map([
    ...[...portalOf(world).contacts.values()].map(
      ({ id, properties, updatedAt }) => [`contact ${id}`, JSON.stringify([properties, updatedAt])] as const,
    ),
    ...[...account.profiles.values()].map(
      (profile) =>
        [
          `profile ${profile.id}`,
          JSON.stringify([profile, lists.filter(({ members }) => members.has(profile.id)).map(({ id }) => id)]),
        ] as const,
    ),
  ]);
}
