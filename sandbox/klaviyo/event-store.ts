import { Timeline } from './timeline.js';

export interface Metric {
  id: string;
  name: string;
  integration: string;
  created: number;
}

export interface StoredEvent {
  id: string;
  uuid: string;
  metricId: string;
  /** Null once the person has been erased. */
  profileId: string | null;
  at: number;
  /** From when on it is listed: Klaviyo's events are eventually consistent. */
  listedAt: number;
  properties: Record<string, unknown>;
}

export interface NewEvent {
  metric: string;
  integration?: string;
  profileId: string;
  at: number;
  properties: Record<string, unknown>;
  listedAt?: number;
  /** The creator's own id: the same one twice is one event. */
  uniqueId?: string;
}

const alphabet = '0123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';

/** A short id as Klaviyo makes them. */
export function shortId(random: () => number, length: number, letters = alphabet): string {
  let id = '';
  while (id.length < length) id += letters[Math.floor(random() * letters.length)] ?? '';
  return id;
}

export function uuidFrom(random: () => number): string {
  const hex = (digits: number): string => shortId(random, digits, '0123456789abcdef');
  return `${hex(8)}-${hex(4)}-1${hex(3)}-8001-${hex(12)}`;
}

/** The events of one account and their metrics, which come to be with their first event. */
export class EventStore {
  readonly metrics = new Map<string, Metric>();
  readonly all = new Timeline();
  private readonly events = new Map<string, StoredEvent>();
  private readonly ofMetric = new Map<string, Timeline>();
  private readonly ofProfile = new Map<string, Timeline>();
  private readonly unique = new Map<string, string>();

  constructor(
    private readonly random: () => number,
    private readonly lagMs: number,
  ) {}

  metric(name: string, integration = 'Klaviyo'): Metric {
    for (const metric of this.metrics.values()) {
      if (metric.name === name && metric.integration === integration) return metric;
    }
    const metric = { id: shortId(this.random, 6), name, integration, created: Date.now() };
    this.metrics.set(metric.id, metric);
    return metric;
  }

  record({ metric, integration, profileId, at, properties, listedAt, uniqueId }: NewEvent): StoredEvent {
    const { id: metricId } = this.metric(metric, integration);
    const key = uniqueId === undefined ? null : `${metricId} ${profileId} ${uniqueId}`;
    const known = key === null ? undefined : this.events.get(this.unique.get(key) ?? '');
    if (known !== undefined) return known;
    const event: StoredEvent = {
      id: shortId(this.random, 11),
      uuid: uuidFrom(this.random),
      metricId,
      profileId,
      at,
      listedAt: listedAt ?? Date.now() + this.lagMs,
      properties,
    };
    if (key !== null) this.unique.set(key, event.id);
    this.events.set(event.id, event);
    this.all.set(event.id, at);
    this.timelineOf(this.ofMetric, metricId).set(event.id, at);
    this.timelineOf(this.ofProfile, profileId).set(event.id, at);
    return event;
  }

  get(id: string): StoredEvent | undefined {
    return this.events.get(id);
  }

  get size(): number {
    return this.events.size;
  }

  /** The order to page through: the narrowest of the account's, a metric's and a profile's. */
  order(metricId: string | null, profileId: string | null): Timeline {
    if (profileId !== null) return this.ofProfile.get(profileId) ?? new Timeline();
    if (metricId !== null) return this.ofMetric.get(metricId) ?? new Timeline();
    return this.all;
  }

  /** A merge: the events are the destination's from now on, under their own ids. */
  reassign(from: string, to: string): StoredEvent[] {
    const moved: StoredEvent[] = [];
    for (const [id, at] of this.ofProfile.get(from) ?? []) {
      const event = this.events.get(id);
      if (event === undefined) continue;
      event.profileId = to;
      this.timelineOf(this.ofProfile, to).set(id, at);
      moved.push(event);
    }
    this.ofProfile.delete(from);
    return moved;
  }

  /** An erasure: nothing is left of the person's events. */
  erase(profileId: string): void {
    for (const [id] of this.ofProfile.get(profileId) ?? []) {
      const event = this.events.get(id);
      this.events.delete(id);
      this.all.delete(id);
      if (event !== undefined) this.ofMetric.get(event.metricId)?.delete(id);
    }
    this.ofProfile.delete(profileId);
  }

  private timelineOf(map: Map<string, Timeline>, key: string): Timeline {
    const timeline = map.get(key) ?? new Timeline();
    map.set(key, timeline);
    return timeline;
  }
}
