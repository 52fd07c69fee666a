import { createHmac } from 'node:crypto';
import { seededRandom } from '../core/random.js';
import type { StoredEvent } from './event-store.js';
import { eventJson } from './events.js';
import type { Webhook } from './records.js';
import type { Account } from './store.js';
import { topicOf } from './webhook-topics.js';

export interface WebhookBehaviour {
  enabled: boolean;
  /** How long events wait to go out together. */
  delayMs: number;
  /** Chance that a batch is delivered twice. */
  duplicates: number;
  /** Chance that an event is never delivered. */
  drop: number;
  /** Whether the events of a batch come out of order. */
  shuffle: boolean;
}

export interface Delivery {
  at: string;
  webhookId: string;
  events: number;
  attempt: number;
  status: number | 'none';
}

const largestBatch = 1000;
const mostAttempts = 10;
const lateMs = 1000;
const firstRetryMs = 200;
/** The clock that Klaviyo stamps its deliveries with is five hours slow; the body's own time is right. */
const stampedLateMs = 5 * 3_600_000;

/** Delivers what happens in the accounts to their webhooks: batched, signed, retried, and as unruly as told. */
export class WebhookDelivery {
  behaviour: WebhookBehaviour = { enabled: true, delayMs: 50, duplicates: 0, drop: 0, shuffle: false };
  readonly deliveries: Delivery[] = [];
  /** What the switches did: events never delivered, batches delivered twice, out of order, or a second and more late. */
  readonly unruly = { missing: 0, doubled: 0, shuffled: 0, late: 0 };
  private readonly waiting = new Map<string, { account: Account; webhook: Webhook; items: unknown[] }>();
  private timer: NodeJS.Timeout | null = null;
  private stopped = false;
  private readonly random = seededRandom(13);

  /** Where the API is, for the links inside of events. */
  constructor(private readonly origin: () => string) {}

  /** Something happened in an account. */
  note(account: Account, event: StoredEvent): void {
    if (this.stopped || !this.behaviour.enabled || account.webhooks.size === 0) return;
    const metric = account.events.metrics.get(event.metricId);
    if (metric === undefined) return;
    const topic = topicOf(metric);
    for (const webhook of account.webhooks.values()) {
      if (!webhook.enabled || !webhook.topics.includes(topic)) continue;
      if (this.random() < this.behaviour.drop) {
        this.unruly.missing += 1;
        continue;
      }
      const queue = this.waiting.get(webhook.id) ?? { account, webhook, items: [] };
      this.waiting.set(webhook.id, queue);
      queue.items.push({ topic, external_id: event.id, payload: { data: eventJson(this.origin(), event) } });
      this.timer ??= setTimeout(() => this.flush(), this.behaviour.delayMs);
    }
  }

  private flush(): void {
    this.timer = null;
    for (const { account, webhook, items } of this.waiting.values()) {
      while (items.length > 0) {
        const batch = items.splice(0, largestBatch);
        if (this.behaviour.delayMs >= lateMs) this.unruly.late += 1;
        if (this.behaviour.shuffle) {
          batch.sort(() => this.random() - 0.5);
          if (batch.length > 1) this.unruly.shuffled += 1;
        }
        const times = this.random() < this.behaviour.duplicates ? 2 : 1;
        if (times > 1) this.unruly.doubled += 1;
        for (let n = 0; n < times; n += 1) void this.deliver(account, webhook, batch, 1);
      }
    }
    this.waiting.clear();
  }

  private async deliver(account: Account, webhook: Webhook, data: unknown[], attempt: number): Promise<void> {
    if (this.stopped) return;
    const now = Date.now();
    const meta = {
      timestamp: new Date(now).toISOString(),
      klaviyo_webhook_id: webhook.id,
      klaviyo_account_id: account.id,
      version: '2026-07-15',
    };
    const body = JSON.stringify({ meta, data });
    const stamp = new Date(now - stampedLateMs).toUTCString();
    const signature = createHmac('sha256', webhook.secret).update(body).update(stamp).digest('hex');
    let status: Delivery['status'] = 'none';
    try {
      const response = await fetch(webhook.endpointUrl, {
        method: 'POST',
        redirect: 'manual',
        headers: {
          'content-type': 'application/json',
          'klaviyo-signature': signature,
          'klaviyo-timestamp': stamp,
          'klaviyo-webhook-id': webhook.id,
        },
        body,
        signal: AbortSignal.timeout(5000),
      });
      status = response.status;
      await response.arrayBuffer();
    } catch {
      // Not reachable, or not in time: it stays 'none', is listed so, and is tried again below.
    }
    this.deliveries.push({ at: new Date().toISOString(), webhookId: webhook.id, events: data.length, attempt, status });
    if (this.deliveries.length > 500) this.deliveries.splice(0, 100);
    if (typeof status === 'number' && status >= 200 && status <= 202) return;
    if (attempt >= mostAttempts) {
      // Klaviyo gives up after two days of errors and switches the webhook off; here the attempts stand for the days.
      webhook.enabled = false;
      return;
    }
    const wait = firstRetryMs * 2 ** (attempt - 1) * (0.5 + this.random());
    setTimeout(() => void this.deliver(account, webhook, data, attempt + 1), wait).unref();
  }

  stop(): void {
    this.stopped = true;
    if (this.timer !== null) clearTimeout(this.timer);
  }
}
