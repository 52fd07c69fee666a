import cron, { type ScheduledTask } from 'node-cron';
import type { Logger } from 'pino';
import type { Queue } from './queue.js';

/**
 * Every process ticks; the queue makes a tick happen once for all of them (one wake-up per slot). So no process is
 * special, and the last one standing keeps the sweeps going.
 */
export function startTicks(queue: Queue, pollSeconds: number, log: Logger): { stop(): Promise<void> } {
  const every = Math.max(1, Math.min(Math.round(pollSeconds), 59));
  const send = (name: string, seconds: number) => (): void => {
    queue
      .wakeOncePer('tick', name, { name }, seconds)
      .catch((error: unknown) => log.warn({ err: error, tick: name }, 'a tick could not be queued'));
  };
  const tasks: ScheduledTask[] = [
    // Half the period, so that a sweep due just after a tick does not wait a whole one.
    cron.schedule(
      `*/${Math.max(1, Math.floor(every / 2))} * * * * *`,
      send('sweeps', Math.max(1, Math.floor(every / 2))),
    ),
    cron.schedule('* * * * *', send('housekeeping', 60)),
  ];
  return {
    async stop() {
      for (const task of tasks) await task.destroy();
    },
  };
}
