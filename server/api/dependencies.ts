import type { Logger } from 'pino';
import type { Metrics } from '../metrics.js';
import type { ConnectDeps } from '../oauth/klaviyo-connect.js';
import type { ChangePriority } from '../store/changes.js';
import type { Database } from '../store/database.js';
import type { Asked, Explanation } from '../contacts/explain.js';
import type { RepairChoice } from '../contacts/repair.js';
import type { PlannedUndo } from '../contacts/undo.js';
import type { IssueFilter } from '../store/issue-list.js';
import type { UndoSubject } from '../store/undo.js';
import type { HubspotSession } from '../vendors/hubspot/session.js';
import type { KlaviyoSession } from '../vendors/klaviyo/session.js';

/** Names one connection and its pair of accounts. */
export interface ConnectionRef {
  id: string;
  portalId: string;
  klaviyoAccountId: string;
}

/** With the type that says whose life cycle it is. */
export interface TypedConnection extends ConnectionRef {
  type: 'contact' | 'engagement';
}

/** What the routes are given. Wired in `server/context.ts`. */
export interface ApiDependencies {
  db: Database;
  log: Logger;
  clock: () => Date;
  metrics: Metrics;
  publicUrl: string;
  klaviyoAppUrl: string;
  clientSecret: string;
  connect: ConnectDeps;
  hubspot(portalId: string): HubspotSession;
  klaviyo(klaviyoAccountId: string): KlaviyoSession;
  /** Calls left before a vendor's limit, for the status page. */
  budget(portalId: string, klaviyoAccountId: string): Promise<{ hubspot: number; klaviyo: number }>;
  /** Why a person is as they are. */
  explain(portalId: string, asked: Asked): Promise<Explanation>;
  /** Taking back what was written. */
  undo: {
    start(connection: ConnectionRef, subject: UndoSubject): Promise<string>;
    /** The first writes that would be taken back; `more` when there are others. */
    show(connection: ConnectionRef, subject: UndoSubject): Promise<{ people: PlannedUndo[]; more: boolean }>;
  };
  /** Begins a queued preview. */
  wakePreview(previewId: string): Promise<void>;
  lifecycle: {
    activate(connection: TypedConnection): Promise<{ runId: string }>;
    pause(connection: TypedConnection): Promise<void>;
    resume(connection: TypedConnection): Promise<{ runId: string }>;
    sync(connection: TypedConnection): Promise<{ runId: string }>;
    configChanged(connection: TypedConnection & { state: string }): Promise<void>;
    deleted(connection: TypedConnection): Promise<void>;
  };
  /** Does what the buttons of issues say. */
  repairs: {
    one(portalId: string, issueId: string, choice: RepairChoice): Promise<boolean>;
    all(portalId: string, filter: IssueFilter, choice: RepairChoice): Promise<number>;
  };
  /** Notes HubSpot contacts as changed and wakes the drains. */
  notice(
    portalId: string,
    changes: readonly { recordId: string; priority: ChangePriority; cause: string }[],
  ): Promise<void>;
  /** Notes records of either side for one pair of accounts. */
  noticeRecords(
    portalId: string,
    klaviyoAccountId: string,
    changes: readonly { side: 'hubspot' | 'klaviyo'; recordId: string; priority: ChangePriority; cause: string }[],
  ): Promise<void>;
}
