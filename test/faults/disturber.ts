import pg from 'pg';
import { errorCode } from '../../server/error-code.js';
import { CallLog } from '../../sandbox/core/calls.js';
import { installApp } from '../../sandbox/hubspot/fetch-proxy.js';
import type { Fault } from '../../sandbox/core/faults.js';
import { connectByOauth } from '../helpers/engagement.js';
import { until, type World } from '../helpers/service.js';
import type { Fleet } from './fleet.js';
import { pastTimeoutMs } from './generate-campaign.js';
import type { Side, Step } from './steps.js';

type Disturbance = Exclude<Step, { kind: 'edit' | 'create' | 'click' | 'opt_out' | 'phone' | 'ask' | 'wait' }>;

const sides: readonly Side[] = ['hubspot', 'klaviyo'];
const mostQueued = 2;
const enoughStrikes = 8;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Makes things go wrong, and counts what struck. */
export class Disturber {
  private readonly struck = new Map<string, number>();
  /** What takes its time, one after the other, beside what people do. */
  private busy: Promise<void> = Promise.resolve();
  private queued = 0;
  /** Faults of the vendors that the service has met since they were last well. */
  private strikes = 0;
  private armed: { side: Side; operation: string; afterMs: number; downMs: number }[] = [];

  constructor(
    private readonly world: World,
    private readonly fleet: Fleet,
    /** The connections that people resume where access was taken away and is back. */
    private readonly connectionIds: readonly string[],
  ) {
    for (const side of sides) {
      const { calls, faults } = world[side];
      calls.note = (...given): void => {
        CallLog.prototype.note.apply(calls, given);
        this.maybeKill(side, given[0]);
      };
      const strike = faults.strike.bind(faults);
      faults.strike = (operation) => {
        const fault = strike(operation);
        if (fault !== null) {
          this.strikes += 1;
          this.count(nameOf(fault));
        }
        return fault;
      };
    }
  }

  /** How often what struck, by kind. Webhooks are counted by who sends them. */
  struckByKind(): Record<string, number> {
    const all = new Map(this.struck);
    for (const side of sides)
      for (const [how, count] of Object.entries(this.world[side].webhooks.unruly))
        if (count > 0) all.set(`webhooks ${how}`, (all.get(`webhooks ${how}`) ?? 0) + count);
    return Object.fromEntries([...all].sort(([a], [b]) => a.localeCompare(b)));
  }

  async disturb(step: Disturbance): Promise<void> {
    const { world, fleet } = this;
    switch (step.kind) {
      case 'vendor':
        world[step.side].faults.add(step.fault);
        return;
      case 'webhooks': {
        const { drop, duplicates, shuffle, delayMs } = step;
        const { webhooks } = world[step.side];
        webhooks.behaviour = { ...webhooks.behaviour, drop, duplicates, shuffle, delayMs };
        return;
      }
      case 'relief':
        await this.metEnough(step.afterMs);
        return this.relieve();
      case 'tokens':
        if (step.how === 'expired') return this.expire(step.side);
        return this.later(() => this.revoke(step.side, step.forMs));
      case 'kill':
        return this.later(async () => {
          this.count(step.signal);
          await fleet.kill(step.process, step.signal, step.downMs);
        });
      case 'kill_at':
        this.armed.push(step);
        return;
      case 'freeze':
        return this.later(async () => {
          this.count('frozen');
          await fleet.freeze(step.process, step.forMs);
        });
      case 'database':
        return this.later(() => this.database(step.how, step.forMs));
    }
  }

  /** Ends all disturbance and waits until the service is up and connected. */
  async calm(): Promise<void> {
    this.armed = [];
    await this.busy;
    this.relieve();
    await this.fleet.ready();
  }

  /** A busy machine meets less in the same time: it is given some more. */
  private async metEnough(limitMs: number): Promise<void> {
    const deadline = performance.now() + limitMs;
    const left = (): boolean => sides.some((side) => this.world[side].faults.waiting().length > 0);
    while (this.strikes < enoughStrikes && left() && performance.now() < deadline) await pause(50);
    this.strikes = 0;
  }

  /** Vendors and webhooks are themselves again. */
  private relieve(): void {
    for (const side of sides) {
      const { faults, webhooks } = this.world[side];
      faults.clear();
      webhooks.behaviour = { ...webhooks.behaviour, drop: 0, duplicates: 0, shuffle: false, delayMs: 20 };
    }
  }

  private count(what: string): void {
    this.struck.set(what, (this.struck.get(what) ?? 0) + 1);
  }

  private later(what: () => Promise<void>): void {
    // One thing after the other; what would come long after its turn is left out.
    if (this.queued >= mostQueued) return;
    this.queued += 1;
    this.busy = this.busy.then(what).finally(() => (this.queued -= 1));
    // It is waited for at the end, and a failure is told there.
    this.busy.catch(() => undefined);
  }

  private maybeKill(side: Side, operation: string): void {
    const index = this.armed.findIndex((one) => one.side === side && operation.startsWith(one.operation));
    const [hit] = index < 0 ? [] : this.armed.splice(index, 1);
    if (hit === undefined) return;
    const strike = (): void => {
      this.count(`killed at ${hit.operation}`);
      const again = this.fleet.killWorkersNow(hit.downMs);
      this.busy = Promise.all([this.busy, again]).then(() => undefined);
    };
    // At once means before the answer is on its way: what was asked is done, and nobody hears of it.
    if (hit.afterMs === 0) strike();
    else setTimeout(strike, hit.afterMs);
  }

  private async expire(side: Side): Promise<void> {
    this.count(`${side} tokens expired`);
    if (side === 'klaviyo') await steer(`${this.world.klaviyo.url}/_sandbox/accounts/TANDM1/expire-tokens`, {});
    // A second refusal of a token that has just been renewed is a different matter.
    else if (!this.world.hubspot.faults.waiting().some(({ kind }) => kind === 'expired_token'))
      this.world.hubspot.faults.add({ kind: 'expired_token' });
  }

  /** A person takes the app away, puts it back after a while, and resumes what stopped. */
  private async revoke(side: Side, forMs: number): Promise<void> {
    const { world, fleet } = this;
    this.count(`${side} tokens revoked`);
    if (side === 'hubspot') await steer(`${world.hubspot.url}/_sandbox/uninstall`, { portalId: world.portalId });
    else await steer(`${world.klaviyo.url}/_sandbox/accounts/TANDM1/uninstall`, {});
    await pause(forMs);
    await until(
      `${side} to be connected again`,
      async () => {
        try {
          await fleet.ready();
          if (side === 'klaviyo') await connectByOauth(world);
          return side === 'klaviyo' || (await installApp(world.backend, world.portalId)).status === 200 ? true : null;
        } catch {
          // The service was killed, or a vendor failed, in the middle of it: a person tries again.
          return null;
        }
      },
      60_000,
    );
    await until('what stopped to go on', () => this.resumed().catch(() => null), 60_000);
  }

  /** True once no connection rests. */
  private async resumed(): Promise<true | null> {
    let all = true;
    for (const id of this.connectionIds) {
      const { state } = (await this.world.call('GET', `/connections/${id}`)).json as { state?: string };
      if (state === 'active' || state === 'initial_sync') continue;
      all = false;
      await this.world.call('POST', `/connections/${id}/resume`);
    }
    return all ? true : null;
  }

  private async database(how: 'connections_cut' | 'restart' | 'crash', forMs: number): Promise<void> {
    // Only a server of our own may be brought down; of one that was given, connections are cut.
    if (how === 'crash' && (process.env['TEST_DATABASE_URL'] ?? '') === '') return this.crashDatabase();
    this.count(`database ${how === 'crash' ? 'connections_cut' : how}`);
    const { pathname } = new URL(this.world.database.url);
    const name = pathname.slice(1);
    const admin = await connectToServer();
    const cut = `select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and application_name <> 'tandem-test'`;
    try {
      if (how === 'restart') await admin.query(`alter database ${name} with allow_connections false`);
      await admin.query(cut, [name]);
      await pause(forMs);
      if (how === 'restart') await admin.query(`alter database ${name} with allow_connections true`);
    } finally {
      await admin.end();
    }
    await this.fleet.ready();
  }

  /** One of its processes dies as from a fault of memory: PostgreSQL ends all others and recovers from its log. */
  private async crashDatabase(): Promise<void> {
    this.count('database crash');
    const victim = await connectToServer();
    const [{ pid }] = (await victim.query<{ pid: number }>('select pg_backend_pid() as pid')).rows as [{ pid: number }];
    const ended = new Promise((resolve) => victim.once('end', resolve));
    victim.on('error', () => undefined);
    process.kill(pid, 'SIGKILL');
    await ended;
    await this.fleet.ready();
  }
}

/** A connection to the database server, waited for while it recovers from the last crash. */
function connectToServer(): Promise<pg.Client> {
  return until('the database server to let us in', async () => {
    const client = new pg.Client({ connectionString: process.env['TANDEM_TEST_DATABASE'] ?? '' });
    try {
      await client.connect();
      return client;
    } catch (error) {
      await client.end();
      // It starts up or recovers.
      if (errorCode(error) !== '57P03') throw error;
      return null;
    }
  });
}

/** A fault by the name it is counted under. */
function nameOf({ kind, status, retryAfter, delayMs }: Fault): string {
  if (kind === 'status' && status === 429) return `429 ${retryAfter == null ? 'without' : 'with'} Retry-After`;
  if (kind === 'status') return String(status ?? 503);
  if (kind === 'slow') return (delayMs ?? 0) >= pastTimeoutMs ? 'answer slower than the timeout' : 'slow answer';
  return kind.replace('_', ' ');
}

/** Moves a switch of a stand-in. Throws when there is no such switch. */
export async function steer(url: string, body: object, method = 'POST'): Promise<void> {
  const response = await fetch(url, {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
  await response.arrayBuffer();
}
