import { hubspot, type ExtensionPointApiActions, type ExtensionPointApiContext } from '@hubspot/ui-extensions';
import { createApi } from './api/create-api.js';
import type { Platform } from './shared/platform.js';

/** What the page takes from HubSpot; null when the app was uploaded without its service's address. */
export function createPlatform(
  context: ExtensionPointApiContext<'settings'>,
  actions: ExtensionPointApiActions<'settings'>,
): Platform | null {
  const serviceUrl = context.variables?.['SERVICE_URL'];
  if (typeof serviceUrl !== 'string' || serviceUrl === '') return null;
  const times = timeFormat(context.user.locale, context.portal.timezone);
  const numbers = new Intl.NumberFormat('en-US', { maximumFractionDigits: 1 });
  return {
    api: createApi((url, options) => hubspot.fetch(url, options), serviceUrl.replace(/\/+$/, '')),
    tell: (type, message) => actions.addAlert({ type, message }),
    closeOverlay: (id) => actions.closeOverlay(id),
    now: () => new Date(),
    after(ms, act) {
      const timer = setTimeout(act, ms);
      return () => clearTimeout(timer);
    },
    time: (iso) => inTwoPieces(times.formatToParts(new Date(iso))),
    number: (value) => numbers.format(value),
  };
}

/** A time that can be broken before the hour only: a narrow column would cut it into four lines. */
function inTwoPieces(parts: Intl.DateTimeFormatPart[]): string {
  return parts
    .map(({ type, value }, at) =>
      type === 'literal' && parts[at + 1]?.type === 'hour' ? value : value.replaceAll(/\s/g, '\u00a0'),
    )
    .join('');
}

/** Times in the account's time zone; some zones and locales that HubSpot names are unknown to the browser. */
function timeFormat(locale: string | undefined, timeZone: string): Intl.DateTimeFormat {
  const shape = { dateStyle: 'medium', timeStyle: 'short' } as const;
  try {
    return new Intl.DateTimeFormat(locale?.replace('_', '-') ?? 'en-US', { ...shape, timeZone });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return new Intl.DateTimeFormat('en-US', { ...shape, timeZone: 'UTC' });
  }
}
