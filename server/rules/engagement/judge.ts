import type { EmailEvent, Verdict } from './email-event.js';

/** Programs that open mail and follow links to protect people; names as Klaviyo's `Client Canonical` spells them. */
const scanners =
  /safe[ _-]?links?|proof ?point|urldefense|mimecast|barracuda|symantec|messagelabs|fire ?eye|trellix|forcepoint|sophos|trend ?micro|cisco[ _-]?(secure|iron)|iron ?port|apple[ _]privacy|avanan|egress|zscaler/i;

/** Addresses that scanners put before or in place of the link. */
const scannerHosts =
  /(^|\.)(safelinks\.protection\.outlook\.com|urldefense\.(com|proofpoint\.com)|linkprotect\.cudasvc\.com|protect-[a-z]+\.mimecast\.com|clicktime\.symantec\.com|secure-web\.cisco\.com)$/i;

/** So many different links in so short a time are followed by a program (E13). */
const burst = { links: 3, ms: 10_000 };

/**
 * The verdict on each open and click of one email to one person (E13): Klaviyo's flags first, then our own signs. Looks
 * at all events known so far, so a verdict may change when another event comes in late. Other kinds are always human.
 */
export function judge(events: readonly EmailEvent[]): Map<string, Verdict> {
  const received = events.filter(({ kind }) => kind === 'received').map(({ at }) => at);
  const delivery = received.length === 0 ? -Infinity : Math.min(...received);
  const clicks = events.filter(({ kind }) => kind === 'clicked').sort((a, b) => a.at - b.at);
  const bursts = burstClicks(clicks);
  const verdictOf = (event: EmailEvent): Verdict => {
    if (event.kind !== 'opened' && event.kind !== 'clicked') return 'human';
    if (event.kind === 'opened' && event.facts.machineOpen) return 'klaviyo_machine_open';
    if (event.kind === 'clicked' && event.facts.botClick) return 'klaviyo_bot_click';
    if (scanners.test(event.facts.client ?? '') || scannerHosts.test(hostOf(event.urlKey))) return 'known_scanner';
    // Events have whole seconds: within the second of the delivery anything may have come first.
    if (event.at < delivery) return 'before_delivery';
    return bursts.has(event.id) ? 'all_links_at_once' : 'human';
  };
  return new Map(events.map((event) => [event.id, verdictOf(event)]));
}

const hostOf = (url: string): string => /^https?:\/\/([^/?:]+)/.exec(url)?.[1] ?? '';

/** Clicks, in order of time, that stand in a window with many different links. */
function burstClicks(clicks: readonly EmailEvent[]): Set<string> {
  const found = new Set<string>();
  let first = 0;
  clicks.forEach((click, last) => {
    while (click.at - (clicks[first]?.at ?? 0) > burst.ms) first += 1;
    const window = clicks.slice(first, last + 1);
    if (new Set(window.map(({ urlKey }) => urlKey)).size < burst.links) return;
    for (const { id } of window) found.add(id);
  });
  return found;
}

export const isHuman = (verdict: Verdict): boolean => verdict === 'human';
