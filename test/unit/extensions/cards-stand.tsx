import { createRenderer } from '@hubspot/ui-extensions/testing';
import { Button, LoadingButton } from '@hubspot/ui-extensions';
import { expect } from '@jest/globals';
import type { ReactNode } from 'react';
import { createCardApi, type Fetch } from '../../../hubspot-app/app/cards/api/create-card-api.js';
import type { Activity, ActivityOf, ContactAnswer, RecordAnswer } from '../../../hubspot-app/app/cards/card-types.js';
import { PlatformProvider, type Platform } from '../../../hubspot-app/app/cards/shared/platform.js';
import { drawnText, eventually } from './settings-stand.js';

type Answer = { status?: number; body?: unknown } | Promise<never>;

/** The service as one card sees it, in memory, and a clock that the test turns. */
export interface CardStand {
  platform: Platform;
  /** "GET /contacts/101", in order. */
  calls: string[];
  told: [type: string, message: string][];
  /** How often HubSpot was asked to read the record again. */
  refreshed(): number;
  on(call: string, answer: () => Answer): void;
  /** Lets so many milliseconds go by. */
  advance(ms: number): void;
  /** What waits for its time, in milliseconds from now. */
  waiting(): number[];
}

export const now = '2026-11-23T12:00:00Z';

export function openCardStand(): CardStand {
  const answers = new Map<string, () => Answer>();
  const calls: string[] = [];
  const told: CardStand['told'] = [];
  let refreshed = 0;
  let clock = 0;
  let timers: { at: number; act: () => void }[] = [];
  const fetch: Fetch = async (url, { method }) => {
    const call = `${method} ${url.replace('https://service.example/api/v1', '')}`;
    calls.push(call);
    const answer = await (answers.get(call)?.() ?? {
      status: 404,
      body: { error: { code: 'not_found', message: `There is no ${call}.`, fix: 'Nothing.' } },
    });
    const text = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body ?? null);
    return { status: answer.status ?? 200, text: async () => text };
  };
  return {
    calls,
    told,
    refreshed: () => refreshed,
    on: (call, answer) => answers.set(call, answer),
    advance(ms) {
      clock += ms;
      const due = timers.filter(({ at }) => at <= clock);
      timers = timers.filter(({ at }) => at > clock);
      for (const { act } of due) act();
    },
    waiting: () => timers.map(({ at }) => at - clock),
    platform: {
      api: createCardApi(fetch, 'https://service.example'),
      recordId: '101',
      tell: (type, message) => told.push([type, message]),
      refreshRecord: () => (refreshed += 1),
      now: () => new Date(now),
      after(ms, act) {
        const timer = { at: clock + ms, act };
        timers.push(timer);
        return () => (timers = timers.filter((one) => one !== timer));
      },
      time: (iso) => `at ${iso}`,
    },
  };
}

export const quiet: ActivityOf = {
  totals: {
    sent: 0,
    opened: 0,
    clicked: 0,
    bounced: 0,
    unsubscribed: 0,
    spam: 0,
    leftOut: { machineOpens: 0, botClicks: 0 },
  },
  byDay: [],
  latest: [],
  emailActivity: { state: 'on', timeline: { approved: true, message: 'Activities are shown.' } },
};

export const activityOf = (part: Partial<Activity> = {}): Activity => ({
  type: 'clicked',
  at: '2026-11-20T12:00:00Z',
  contactId: '101',
  contact: { email: 'ada@example.com', hubspotUrl: 'https://app.hubspot.com/contacts/4242/record/0-1/101' },
  message: 'Autumn sale',
  subject: 'Warm socks, 20 % off',
  url: 'https://www.shop.example/socks?utm_source=mail',
  campaignUrl: 'https://www.klaviyo.com/campaign/C1',
  bot: false,
  because: null,
  correction: null,
  ...part,
});

export const lively: ActivityOf = {
  ...quiet,
  totals: { ...quiet.totals, sent: 12, opened: 5, clicked: 2 },
  byDay: [
    { day: '2026-11-19', sent: 2, opened: 1, clicked: 0 },
    { day: '2026-11-20', sent: 1, opened: 1, clicked: 1 },
  ],
  latest: [activityOf(), activityOf({ type: 'delivered', at: '2026-11-19T08:00:00Z', url: null })],
};

export const contactOf = (part: Partial<ContactAnswer> = {}): ContactAnswer => ({
  sync: {
    state: 'in_sync',
    reason: { code: 'in_sync', message: 'All mapped fields agree on both sides.' },
    klaviyoUrl: 'https://www.klaviyo.com/profile/01K',
    lastSyncedAt: '2026-11-23T11:57:00Z',
  },
  subscription: 'SUBSCRIBED',
  lists: ['CstHub'],
  listNames: ['Customers'],
  settling: false,
  issues: [],
  ...lively,
  ...part,
});

export const recordOf = (part: Partial<RecordAnswer> = {}): RecordAnswer => ({ contacts: 3, ...lively, ...part });

/** A card's inside over a stand. */
export function drawCard(stand: CardStand, inside: ReactNode, location: 'crm.record.tab' | 'crm.record.sidebar') {
  const renderer = createRenderer(location);
  renderer.render(<PlatformProvider value={stand.platform}>{inside}</PlatformProvider>);
  return renderer;
}
export type Drawn = ReturnType<typeof drawCard>;

export const textOf = (card: Drawn): string => drawnText(card.getRootNode()).replace(/\s+/g, ' ');

/** Waits until the text is somewhere on the card. */
export const sees = (card: Drawn, text: string): Promise<void> =>
  eventually(() => expect(textOf(card)).toContain(text));

/** Presses the first button of that label, once it is there. */
export async function press(card: Drawn, label: string): Promise<void> {
  const labelled = (node: { text: string | null }): boolean => node.text === label;
  await eventually(() => card.maybeFind(Button, labelled) ?? card.find(LoadingButton, labelled));
  const plain = card.maybeFind(Button, labelled);
  if (plain !== null) plain.trigger('onClick');
  else card.find(LoadingButton, labelled).trigger('onClick');
}
