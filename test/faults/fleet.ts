import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { until, type World } from '../helpers/service.js';
import type { Shape } from './steps.js';

interface Member {
  name: string;
  environment: Record<string, string>;
  /** null while it is ended on purpose. */
  child: ChildProcess | null;
}

/** Clock errors of the processes: minutes, both ways. */
const skewsMs = [0, 95_000, -130_000];
const restartMs = 300;
/** What a start ends with that found no database, or lost it. */
const withoutDatabase =
  /could not start: .*(terminat|not currently accepting|ECONN|EPIPE|not queryable|recovery mode|starting up|shutting down|closed the connection)/i;

/** The processes of the service, started again when they end as a supervisor would, and what ended without being told. */
export class Fleet {
  /** Ends that nobody asked for, with the last lines printed. */
  readonly collapses: string[] = [];
  private readonly members: Member[];
  private printed = '';
  private closed = false;

  constructor(
    private readonly world: World,
    shape: Shape,
  ) {
    const roles = shape === 'one' ? ['all'] : ['web', 'worker', 'worker'];
    this.members = roles.map((role, n) => ({
      name: `${role} ${n}`,
      environment: {
        ROLE: role,
        PORT: new URL(world.backend).port,
        TANDEM_SKEW_MS: String(shape === 'one' ? 0 : skewsMs[n]),
      },
      child: null,
    }));
  }

  async start(): Promise<void> {
    for (const member of this.members) this.launch(member);
    await this.ready();
  }

  /** Waits until HTTP is answered and the database is there. */
  async ready(): Promise<void> {
    await until(
      'the service to be ready',
      async () => ((await fetch(`${this.world.backend}/readyz`).catch(() => null))?.status === 200 ? true : null),
      30_000,
    );
  }

  /** Ends a process and starts it again after a while. */
  async kill(n: number, signal: 'SIGKILL' | 'SIGTERM', downMs: number): Promise<void> {
    const member = this.member(n);
    await this.end(member, signal);
    await new Promise((resolve) => setTimeout(resolve, downMs));
    if (!this.closed && member.child === null) this.launch(member);
  }

  /** Kills all that work at this very moment; answers when they have been started again. */
  async killWorkersNow(downMs: number): Promise<void> {
    const workers = this.members.filter(({ environment, child }) => environment['ROLE'] !== 'web' && child !== null);
    await Promise.all(workers.map((member) => this.end(member, 'SIGKILL')));
    await new Promise((resolve) => setTimeout(resolve, downMs));
    for (const member of workers) if (!this.closed && member.child === null) this.launch(member);
  }

  /** Stops a worker in the middle of whatever it does, and lets it go on later as if nothing had been. */
  async freeze(n: number, forMs: number): Promise<void> {
    const { child } = this.member(n);
    child?.kill('SIGSTOP');
    await new Promise((resolve) => setTimeout(resolve, forMs));
    child?.kill('SIGCONT');
  }

  output(): string {
    return this.printed;
  }

  async close(): Promise<void> {
    this.closed = true;
    await Promise.all(this.members.map((member) => this.end(member, 'SIGKILL')));
  }

  private member(n: number): Member {
    return this.members[n % this.members.length]!;
  }

  private async end(member: Member, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const { child } = member;
    if (child === null) return;
    Object.assign(member, { child: null });
    const ended = once(child, 'exit');
    child.kill('SIGCONT');
    child.kill(signal);
    await ended;
  }

  private launch(member: Member): void {
    const clock = pathToFileURL(join(process.cwd(), 'test/faults/skewed-clock.mjs')).href;
    const child = spawn(
      process.execPath,
      ['--enable-source-maps', '--import', clock, join(process.cwd(), 'build/server/main.js')],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
        cwd: tmpdir(),
        env: { ...this.world.environment, ...member.environment },
      },
    );
    Object.assign(member, { child });
    let last = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        this.printed += chunk;
        last = (last + chunk).slice(-8000);
      });
    child.once('exit', (code, signal) => {
      if (member.child !== child) return;
      member.child = null;
      // Who starts while the database is away may give up: it is started again.
      if (!withoutDatabase.test(last))
        this.collapses.push(`${member.name} ended with ${code ?? signal ?? 'nothing'}: ${last.slice(-3000)}`);
      setTimeout(() => {
        if (!this.closed && member.child === null) this.launch(member);
      }, restartMs);
    });
  }
}
