import { leaksIn, secretsOf } from '../helpers/leaks.js';
import { makePeople } from '../../sandbox/seed/people.js';
import { activateEngagement, activity, connectByOauth, sharedEmails } from '../helpers/engagement.js';
import { runBatch } from '../helpers/run-batch.js';
import { openWorld, settled, syncEverybody, until, type World } from '../helpers/service.js';
import { Crowd } from './crowd.js';
import { Disturber } from './disturber.js';
import { Fleet } from './fleet.js';
import { generateCampaign } from './generate-campaign.js';
import { judgeCampaign, storyOf, type Judgement, type Violation } from './judge-campaign.js';
import type { Shape, Step } from './steps.js';

export interface Campaign {
  seed: number;
  shape: Shape;
  /** How long things happen and go wrong, until quiet is given a chance. */
  forMs: number;
  /** How long nothing may get better before it counts as wrong. */
  calmMs: number;
  slowThings: boolean;
}

export interface Outcome {
  violations: Violation[];
  /** What the service did to people whose changes were lost. */
  story: string[];
  steps: number;
  /** What people did that took effect, and what struck, by kind. */
  done: Record<string, number>;
  struck: Record<string, number>;
  /** What was looked at in the end, by what must hold of it. */
  judged: Record<string, number>;
  /** Until what was under way had struck, and from then on until all was right. */
  tookMs: { playing: number; calming: number };
  /** What the service printed. */
  output: string;
}

/** Plays one campaign in a world of its own and answers what is wrong when all is quiet. */
export async function playCampaign({ seed, shape, forMs, calmMs, slowThings }: Campaign): Promise<Outcome> {
  const world = await openWorld({
    people: makePeople(90, seed),
    hubspot: { latencyMs: 3 },
    klaviyo: { activity: 0, jobMs: 30, latencyMs: 3 },
    environment: runBatch(seed),
  });
  const fleet = new Fleet(world, shape);
  try {
    const klaviyoAccountId = await connectByOauth(world);
    // What happened once is known to be possible: Klaviyo lists kinds of events from their first occurrence on.
    const [first = '', ...others] = sharedEmails(world);
    const at = new Date(Date.now() - 4 * 24 * 3_600_000).toISOString();
    for (const type of ['received', 'clicked', 'unsubscribed'])
      await activity(world, { email: first, type, at, url: 'https://shop.example.com/first' });
    for (const email of others) await activity(world, { email, type: 'received', at });
    const options = { subscribe: true, carryOptOuts: 'both', defaultRegion: 'DE' };
    const ids = [
      await syncEverybody(world, { klaviyoAccountId, options }),
      await activateEngagement(world, { klaviyoAccountId, options: { since: 'last_30_days' } }),
    ] as const;
    await settled(world, ids[1]);
    await world.kill('SIGTERM');
    if (slowThings) await keepWhatIsCommitted(world);
    await fleet.start();
    const [crowd, disturber] = [new Crowd(world), new Disturber(world, fleet, ids)];
    const started = performance.now();
    let steps = 0;
    for (const step of generateCampaign(seed, { shape, slowThings })) {
      if (performance.now() - started > forMs) break;
      await perform(step, world, ids, crowd, disturber);
      steps += 1;
      // A day has more hours than steps: what follows meets what is under way.
      await new Promise((resolve) => setTimeout(resolve, 12));
    }
    await disturber.calm();
    const played = performance.now();
    await reconnected(world, ids);
    await ask(world, ids[1]);
    const quiet = await judgeWhenQuiet(world, crowd, calmMs);
    const again = quiet.violations.length === 0 ? await judgeSecondPass(world, ids[0], crowd) : null;
    const violations = [...quiet.violations, ...(again?.violations ?? [])];
    const output = fleet.output();
    return {
      violations: [
        ...violations,
        ...fleet.collapses.map((what) => ({ rule: 'G1 process ended', what })),
        ...leaksIn(output, secretsOf(world)).map((what) => ({ rule: 'A4 printed', what })),
      ],
      judged: {
        ...quiet.judged,
        ...again?.judged,
        'log lines without a secret or an address': output.split('\n').length,
      },
      story: await storyOf(world, violations),
      steps,
      done: Object.fromEntries(crowd.done),
      struck: {
        ...disturber.struckByKind(),
        ...(crowd.daysLate === 0 ? {} : { 'events days late': crowd.daysLate }),
      },
      tookMs: { playing: Math.round(played - started), calming: Math.round(performance.now() - played) },
      output,
    };
  } finally {
    await fleet.close();
    await world.close();
  }
}

async function perform(
  step: Step,
  world: World,
  [contacts, engagement]: readonly [string, string],
  crowd: Crowd,
  disturber: Disturber,
): Promise<void> {
  switch (step.kind) {
    case 'edit':
    case 'create':
    case 'click':
    case 'opt_out':
    case 'phone':
      return crowd.act(step);
    case 'wait':
      return new Promise((resolve) => setTimeout(resolve, step.ms));
    case 'ask':
      // While the service is down nobody can ask it.
      return ask(world, step.what === 'contacts' ? contacts : engagement).catch(() => undefined);
    case 'vendor':
    case 'webhooks':
    case 'relief':
    case 'tokens':
    case 'kill':
    case 'kill_at':
    case 'freeze':
    case 'database':
      return disturber.disturb(step);
  }
}

async function ask(world: World, id: string): Promise<void> {
  await world.call('POST', `/connections/${id}/sync`);
}

/** Where access was taken away a person resumes what stopped, once it is back. */
async function reconnected(world: World, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    const { state } = (await world.call('GET', `/connections/${id}`)).json as { state: string };
    if (state === 'paused' || state === 'stopped') await world.call('POST', `/connections/${id}/resume`);
  }
}

/** The tests' database forgets what was committed last when it crashes; no service would be run over one that does. */
async function keepWhatIsCommitted({ database }: World): Promise<void> {
  await database.db.query(`alter database ${new URL(database.url).pathname.slice(1)} set synchronous_commit = on`);
}

/** Nothing may stay wrong: gives up when nothing got better for `limitMs`, however long a busy machine needs for all of it. */
async function judgeWhenQuiet(world: World, crowd: Crowd, limitMs: number): Promise<Judgement> {
  const last = performance.now() + 6 * limitMs;
  let [wrong, deadline] = ['', 0];
  for (;;) {
    const judgement = await judgeCampaign(world, crowd);
    const now = judgement.violations.map(({ rule, what }) => `${rule} ${what}`).join();
    if (now === '') return judgement;
    if (now !== wrong) [wrong, deadline] = [now, Math.min(performance.now() + limitMs, last)];
    if (performance.now() > deadline) return judgement;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

/** D5: a pass over everybody when all is quiet writes nothing. */
async function judgeSecondPass(world: World, id: string, { portal, account }: Crowd): Promise<Judgement> {
  const written = (): string[] => [
    ...[...portal.contacts.values()].map(({ id: at, updatedAt }) => `contact ${at} ${updatedAt}`),
    ...[...account.profiles.values()].map((profile) => `profile ${profile.id} ${JSON.stringify(profile)}`),
    `timeline ${portal.timeline.size}`,
  ];
  const before = new Set(written());
  const { runId } = (await world.call('POST', `/connections/${id}/sync`)).json as { runId: string };
  await until('the pass over everybody', async () => {
    const [run] = await world.database.db.query<{ state: string }>('select state from run where id = $1', [runId]);
    return run?.state === 'finished' ? true : null;
  });
  const after = written();
  return {
    violations: after
      .filter((one) => !before.has(one))
      .map((what) => ({ rule: 'D5 written again', what: what.slice(0, 300) })),
    judged: { 'records that another pass leaves alone': after.length },
  };
}
