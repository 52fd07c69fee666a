import { words } from '../words.js';
import { usePlatform } from './platform.js';

/** How long ago an ISO 8601 time is, in words. */
export function useAgo(): (iso: string) => string {
  const { now } = usePlatform();
  return (iso) => words.ago((now().getTime() - Date.parse(iso)) / 1000);
}
