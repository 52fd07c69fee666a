import type { Counted, Person, Side } from './api-types.js';

/** What the service answers about what was done, would be done, and is: history, undo, preview, why, parity. */

export interface HistoryRow {
  id: string;
  at: string;
  runId: string | null;
  connectionId: string;
  contact: Person;
  side: Side;
  field: string | null;
  oldValue: unknown;
  newValue: unknown;
  action: string;
  because: string;
  outcome?: 'done' | 'refused' | 'unknown' | null;
  undoneBy: string | null;
  overruled?: unknown;
}
export interface HistoryFilter {
  contactId?: string;
  email?: string;
  runId?: string;
  connectionId?: string;
}

export interface UndoShown {
  isSample: boolean;
  takesBack: { email: string | null; side: string; field: string; from: unknown; to: unknown }[];
  leftAlone: { email: string | null; field: string; reason: string; message: string }[];
}

export interface PreviewPerson extends Person {
  action: string;
  changes: { side: Side; field: string; before: unknown; after: unknown; because: string; overruled?: unknown }[];
  lists: string[];
  subscribe: boolean;
  optOut: Side[];
  skipped: string | null;
  /** Changes that were not answered, of a person with very many. */
  moreChanges: number;
  issues: { code: string; field: string; detail: string; title: string; fix: string }[];
}
export interface Preview {
  id: string;
  state: 'queued' | 'running' | 'ready' | 'failed';
  error: string | null;
  examined: number;
  isSample: boolean;
  counts: {
    create: Record<Side, number>;
    update: Record<Side, number>;
    link: number;
    skip: number;
    subscribe: number;
    conflict: number;
    issue: number;
    unchanged: number;
  };
  cost: { newHubspotContacts: number; newKlaviyoProfiles: number };
  skipped: Counted[];
  samples: PreviewPerson[];
}

export interface Explanation {
  contact: Person;
  steps: { at: string; step: string; decision: string; because: string; detail: Record<string, unknown> }[];
}

export interface Parity {
  checkedPairs: number;
  comparedValues: number;
  agreeing: number;
  drift?: number;
  differences: {
    contact: Person;
    field: string;
    hubspot: unknown;
    klaviyo: unknown;
    because: string;
    message?: string;
  }[];
  worstLagSeconds: number;
  checkedAt: string | null;
  complete?: boolean;
}
