import { createContext, useContext } from 'react';
import type { CardApi } from '../api/create-card-api.js';

/** All that a card takes from outside: the record, the service, HubSpot's actions, the clock. */
export interface Platform {
  api: CardApi;
  /** HubSpot's id of the record that the card stands on. */
  recordId: string;
  /** A message that HubSpot shows for a few seconds. */
  tell(type: 'success' | 'info' | 'warning' | 'danger', message: string): void;
  /** HubSpot reads the record's properties again. */
  refreshRecord(): void;
  now(): Date;
  /** Calls once after so many milliseconds; answers how to call it off. */
  after(ms: number, act: () => void): () => void;
  /** An ISO 8601 time as this person reads it. */
  time(iso: string): string;
}

const PlatformContext = createContext<Platform | null>(null);
export const PlatformProvider = PlatformContext.Provider;

export function usePlatform(): Platform {
  const platform = useContext(PlatformContext);
  if (platform === null) throw new Error('The card is drawn outside its PlatformProvider.');
  return platform;
}
