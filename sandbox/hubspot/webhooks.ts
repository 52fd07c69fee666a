import { createHmac } from 'node:crypto';
import { seededRandom } from '../core/random.js';
import type { CrmEvent } from './store.js';

export interface WebhookBehaviour {
  enabled: boolean;
  /** Chance that a batch is delivered twice. */
  duplicates: number;
  /** Whether the events of a batch come out of order. */
  shuffle: boolean;
  delayMs: number;
  /** Chance that an event is never delivered. */
  drop: number;
}

interface Delivery {
  at: string;
  events: number;
  attempt: number;
  status: number | 'none';
}

/** The properties the app's webhooks watch unless told otherwise: a static list, the same for every portal. */
const watched = [
  'email',
  'hs_email_optout',
  'firstname',
  'lastname',
  'phone',
  'mobilephone',
  'company',
  'jobtitle',
  'city',
  'state',
  'zip',
  'country',
  'address',
  'lifecyclestage',
];
const firstRetryMs = 200;
const mostAttempts = 11;
const lateMs = 1000;

/** Delivers what happens in the portals to the app: batched, signed, retried, and as unruly as the switches say. */
export class Webhooks {
  behaviour: WebhookBehaviour = { enabled: true, duplicates: 0, shuffle: false, delayMs: 20, drop: 0 };
  targetUrl: string | null = null;
  properties = new Set(watched);
  readonly deliveries: Delivery[] = [];
  /** What the switches did: events never delivered, batches delivered twice, out of order, or a second and more late. */
  readonly unruly = { missing: 0, doubled: 0, shuffled: 0, late: 0 };
  private waiting: Record<string, unknown>[] = [];
  private timer: NodeJS.Timeout | null = null;
  private nextEventId = 1000;
  private readonly random = seededRandom(11);
  private stopped = false;

  constructor(
    private readonly appId: string,
    private readonly clientSecret: string,
  ) {}

  /** Something happened in a portal. */
  note(portalId: string, event: CrmEvent): void {
    if (this.targetUrl === null || !this.behaviour.enabled || this.stopped) return;
    if (event.subscriptionType === 'object.propertyChange' && !this.properties.has(event.propertyName ?? '')) return;
    if (this.random() < this.behaviour.drop) {
      this.unruly.missing += 1;
      return;
    }
    this.nextEventId += 1;
    const { objectId, ...rest } = event;
    this.waiting.push({
      eventId: this.nextEventId,
      subscriptionId: 1,
      portalId: Number(portalId),
      appId: Number(this.appId),
      attemptNumber: 0,
      objectId: Number(objectId),
      ...(event.subscriptionType.startsWith('object.') ? { objectTypeId: '0-1' } : {}),
      changeFlag: 'UPDATED',
      ...rest,
      ...(rest.primaryObjectId === undefined
        ? {}
        : {
            primaryObjectId: Number(rest.primaryObjectId),
            mergedObjectIds: (rest.mergedObjectIds ?? []).map(Number),
            newObjectId: Number(rest.newObjectId),
          }),
    });
    this.timer ??= setTimeout(() => this.flush(), this.behaviour.delayMs);
  }

  private flush(): void {
    this.timer = null;
    while (this.waiting.length > 0) {
      const batch = this.waiting.splice(0, 100);
      if (this.behaviour.delayMs >= lateMs) this.unruly.late += 1;
      if (this.behaviour.shuffle) {
        batch.sort(() => this.random() - 0.5);
        if (batch.length > 1) this.unruly.shuffled += 1;
      }
      void this.deliver(batch, 0);
      if (this.random() < this.behaviour.duplicates) {
        this.unruly.doubled += 1;
        void this.deliver(batch, 0);
      }
    }
  }

  private async deliver(batch: Record<string, unknown>[], attempt: number): Promise<void> {
    if (this.targetUrl === null || this.stopped) return;
    const body = JSON.stringify(batch.map((event) => ({ ...event, attemptNumber: attempt })));
    const timestamp = String(Date.now());
    const signature = createHmac('sha256', this.clientSecret)
      .update(`POST${this.targetUrl}${body}${timestamp}`)
      .digest('base64');
    let status: Delivery['status'] = 'none';
    try {
      const response = await fetch(this.targetUrl, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'x-hubspot-signature-v3': signature,
          'x-hubspot-request-timestamp': timestamp,
        },
        body,
        signal: AbortSignal.timeout(5000),
      });
      status = response.status;
      await response.arrayBuffer();
    } catch (error) {
      // Not reachable: HubSpot tries again later.
      status = error instanceof Error ? 'none' : 'none';
    }
    this.deliveries.push({ at: new Date().toISOString(), events: batch.length, attempt, status });
    if (this.deliveries.length > 500) this.deliveries.splice(0, 100);
    if (typeof status === 'number' && status < 300) return;
    if (attempt + 1 >= mostAttempts) return;
    const wait = firstRetryMs * 2 ** attempt * (0.5 + this.random());
    setTimeout(() => void this.deliver(batch, attempt + 1), wait).unref();
  }

  stop(): void {
    this.stopped = true;
    if (this.timer !== null) clearTimeout(this.timer);
  }
}
