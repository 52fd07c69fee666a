import type { Mapping } from '../connection.js';

/** The configuration of an engagement connection, in the field names of the HTTP interface. */
export interface EngagementConfig {
  sources: EngagementSources;
  activities: ActivitySwitches;
  options: EngagementOptions;
  /** For contacts that are created (E6); direction to_hubspot. */
  mappings: Mapping[];
}

export interface EngagementSources {
  all: boolean;
  klaviyoListIds: string[];
  klaviyoSegmentIds: string[];
  flowIds: string[];
  campaignIds: string[];
}

export interface ActivitySwitches {
  sent: boolean;
  delivered: boolean;
  opened: boolean;
  clicked: boolean;
  bounced: boolean;
  unsubscribed: boolean;
  spam: boolean;
}

export type DealChoice = 'oldest_open' | 'newest_open' | 'all_open' | 'none';

export interface EngagementOptions {
  excludeBots: boolean;
  everyOpen: boolean;
  createContacts: boolean;
  /** 'activation', 'last_30_days', or a moment in ISO 8601. */
  since: string;
  linkCompany: boolean;
  linkDeals: DealChoice;
  /** Pipelines whose deals count; empty: all of them. */
  dealPipelines: string[];
  rollups: boolean;
}

/** What an engagement connection is until somebody says otherwise. */
export const defaultEngagement: EngagementConfig = {
  sources: { all: true, klaviyoListIds: [], klaviyoSegmentIds: [], flowIds: [], campaignIds: [] },
  activities: {
    sent: false,
    delivered: false,
    opened: true,
    clicked: true,
    bounced: true,
    unsubscribed: true,
    spam: true,
  },
  options: {
    excludeBots: true,
    everyOpen: false,
    createContacts: false,
    since: 'activation',
    linkCompany: true,
    linkDeals: 'oldest_open',
    dealPipelines: [],
    rollups: false,
  },
  mappings: [],
};

/** An engagement connection as its steps see it. */
export interface EngagementConnection extends EngagementConfig {
  id: string;
  portalId: string;
  klaviyoAccountId: string;
  configVersion: number;
  /** When it was activated first, in milliseconds. */
  activatedMs: number;
  /** From which moment on activities count, in milliseconds (E7). */
  startMs: number;
}

const day = 86_400_000;

/**
 * The moment from which activities count (E7), in milliseconds. An unreadable date counts as activation. Events have
 * whole seconds: one of the very second of the activation is stamped before it.
 */
export function startOf(since: string, activatedMs: number): number {
  const activated = Math.floor(activatedMs / 1000) * 1000;
  if (since === 'activation') return activated;
  if (since === 'last_30_days') return activated - 30 * day;
  const moment = Date.parse(since);
  return Number.isNaN(moment) ? activated : moment;
}
