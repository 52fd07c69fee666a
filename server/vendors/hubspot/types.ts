import type { RecordRefused } from '../../errors.js';

/** What the rest of the service needs of one portal to call HubSpot. Made by `HubspotSessions.of(portalId)`. */
export interface HubspotContact {
  id: string;
  /** Property values as HubSpot sends them: text, or null when unset. Only requested properties are present. */
  properties: Record<string, string | null>;
  createdAt: string;
  updatedAt: string;
  archived: boolean;
}

/** A batch write answers every input: done, or refused with the reason. An input without an answer is an error (G5). */
export type WriteOutcome = { ok: true; id: string } | { ok: false; refused: RecordRefused };

export interface HubspotList {
  id: string;
  name: string;
  /** MANUAL and SNAPSHOT lists are static, DYNAMIC ones are active. */
  type: 'static' | 'active';
  size?: number;
}

export interface HubspotTokens {
  accessToken: string;
  refreshToken: string;
  /** Seconds. */
  expiresIn: number;
  hubId: string;
  scopes: string[];
}

/** Who waits: `person` (settings page, card, sync now, hint) goes ahead of `sweep` (sweeps, initial runs, parity). */
export type Priority = 'person' | 'sweep';
