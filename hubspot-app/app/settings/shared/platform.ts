import { createContext, useContext } from 'react';
import type { Api } from '../api/create-api.js';

/** All that the page takes from outside: the service, HubSpot's actions, the clock. */
export interface Platform {
  api: Api;
  /** A message that HubSpot shows for a few seconds. */
  tell(type: 'success' | 'info' | 'warning' | 'danger', message: string): void;
  closeOverlay(id: string): void;
  now(): Date;
  /** Calls once after so many milliseconds; answers how to call it off. */
  after(ms: number, act: () => void): () => void;
  /** An ISO 8601 time as this person reads it. */
  time(iso: string): string;
  number(value: number): string;
}

const PlatformContext = createContext<Platform | null>(null);
export const PlatformProvider = PlatformContext.Provider;

export function usePlatform(): Platform {
  const platform = useContext(PlatformContext);
  if (platform === null) throw new Error('The page is drawn outside its PlatformProvider.');
  return platform;
}
