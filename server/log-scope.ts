import { AsyncLocalStorage } from 'node:async_hooks';
import { portalInScope } from './store/portal-scope.js';

/** What every line that is logged meanwhile carries. */
const scope = new AsyncLocalStorage<Record<string, string>>();

/** Runs work so that its log lines carry these ids, of a request or a job, beside those of who called. */
export function withinLogScope<T>(fields: Record<string, string>, work: () => T): T {
  return scope.run({ ...scope.getStore(), ...fields }, work);
}

/** The ids of the work under way: request or job, and whose it is. */
export function logScope(): Record<string, string> {
  const portalId = portalInScope();
  return { ...scope.getStore(), ...(portalId === null ? {} : { portalId }) };
}
