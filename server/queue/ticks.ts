import cron, { type ScheduledTask } from 'node-cron';
import type { Logger } from 'pino';
import type { Queue } from './queue.js';

/**
 * Every process ticks; the queue makes a tick happen once for all of them (one wake-up per slot). So no process is
 * special, and the last one standing keeps the sweeps going.
 */
export function startTicks(queue: Queue, pollSeconds: number, log: Logger): { stop(): Promise<void> } {
  // Ten ticks a period: what is due waits a tenth of it at most.
  const every = Math.max(1, Math.min(Math.floor(pollSeconds / 10), 10));
  const send = (name: string, seconds: number) => (): void => {
    queue
      .wakeOncePer('tick', name, { name }, seconds)
      .catch((error: unknown) => log.warn({ err: error, tick: name }, 'a tick could not be queued'));
  };
  const options = {
    // A process that froze or was busy missed some: the next tick finds what is due.
    suppressMissedWarning: true,
    logger: {
      info: (message: string) => log.info(message),
      warn: (message: string) => log.warn(message),
      error: (message: string | Error, err?: Error) => log.error({ err: err ?? message }, 'a tick failed'),
      debug: (message: string | Error) => log.debug(String(message)),
    },
  };
  const tasks: ScheduledTask[] = [
    cron.schedule(`*/${every} * * * * *`, send('sweeps', every), options),
    cron.schedule('* * * * *', send('housekeeping', 60), options),
  ];
  return {
    async stop() {
      for (const task of tasks) await task.destroy();
    },
  };
}
