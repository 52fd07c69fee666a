import { createHmac } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { firstSync } from './first-sync.js';
import { percentile, portalId, startBackend, startStands, type Backend, type Stands } from './stage.js';

export interface Intake {
  eventsPerSecond: number;
  p99: number;
  sent: number;
  stored: number;
  /** CPU milliseconds of the service a delivery of a hundred events, the turning of events into changes included. */
  cpuMs: number;
}

/** The row of the table: a thousand deliveries after a few that warm the service up. */
export async function intakeRow(): Promise<[string, string, string, string]> {
  // Under the vendors' limits: what is noted is looked at as quickly as they allow, beside the intake, and no quicker.
  const stands = await startStands(200, 'on');
  const backend = await startBackend(stands, 'on');
  try {
    await firstSync(stands, backend, 200);
    await intake(stands, backend, 200);
    const taken = await intake(stands, backend, 1000);
    return [
      'webhook intake, signed batches of 100',
      `${taken.eventsPerSecond.toFixed(0)} events/s, p99 ${taken.p99.toFixed(0)} ms, lost ${taken.sent - taken.stored}, CPU ${taken.cpuMs.toFixed(1)} ms a batch`,
      '≥ 20,000/s, p99 ≤ 200 ms, none lost',
      '',
    ];
  } finally {
    await backend.close();
    await stands.close();
  }
}

/** Deliveries under way at once: HubSpot sends ten at a time to an app unless it asks for another number. */
const lanes = 10;
const perDelivery = 100;

/**
 * Signed deliveries of a hundred events each, every event about a contact of its own, as quickly as they are answered: how
 * many are taken in, how long an answer takes, and that none is lost. They are made and signed before the clock starts,
 * and go out over plain sockets, so that the sender takes as little as can be of the cores that it shares with the service.
 */
export async function intake(stands: Stands, backend: Backend, deliveries: number): Promise<Intake> {
  const stored = async (): Promise<number> => {
    const line = /^tandem_webhook_events_total\{[^}]*vendor="hubspot"[^}]*outcome="stored"[^}]*\} (\d+)/m.exec(
      await backend.metrics(),
    );
    return Number(line?.[1] ?? 0);
  };
  const before = await stored();
  const waiting = Array.from({ length: deliveries }, (_delivery, n) => signedDelivery(stands, backend.url, n));
  const delays: number[] = [];
  const cpuBefore = (await backend.cost()).cpuSeconds;
  const started = performance.now();
  await Promise.all(
    Array.from({ length: lanes }, async () => {
      const lane = await openLane(Number(new URL(backend.url).port));
      for (let request = waiting.pop(); request !== undefined; request = waiting.pop()) {
        const asked = performance.now();
        const answer = await lane.send(request);
        delays.push(performance.now() - asked);
        if (!answer.startsWith('HTTP/1.1 200 ')) throw new Error(`The webhook was answered: ${answer}`);
      }
      lane.close();
    }),
  );
  const seconds = (performance.now() - started) / 1000;
  const cpuSeconds = (await backend.cost()).cpuSeconds - cpuBefore;
  const sent = deliveries * perDelivery;
  return {
    eventsPerSecond: sent / seconds,
    p99: percentile(delays, 0.99),
    sent,
    stored: (await stored()) - before,
    cpuMs: (cpuSeconds * 1000) / deliveries,
  };
}

/** A whole HTTP request, as HubSpot would sign it. */
function signedDelivery({ hubspot }: Stands, backend: string, n: number): Buffer {
  const { host } = new URL(backend);
  const body = JSON.stringify(
    Array.from({ length: perDelivery }, (_event, index) => ({
      eventId: n * perDelivery + index,
      subscriptionId: 1,
      portalId: Number(portalId),
      appId: Number(hubspot.appId),
      occurredAt: Date.now(),
      subscriptionType: 'object.propertyChange',
      objectTypeId: '0-1',
      attemptNumber: 0,
      objectId: 900_000_000 + n * perDelivery + index,
      propertyName: 'firstname',
      propertyValue: 'Ada',
      changeSource: 'CRM_UI',
    })),
  );
  const timestamp = String(Date.now());
  const signature = createHmac('sha256', hubspot.clientSecret)
    .update(`POST${backend}/webhooks/hubspot${body}${timestamp}`)
    .digest('base64');
  return Buffer.from(
    `POST /webhooks/hubspot HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\n` +
      `x-hubspot-signature-v3: ${signature}\r\nx-hubspot-request-timestamp: ${timestamp}\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

/** One kept-alive connection: a request, its answer, the next. Answers have no body when they are good. */
async function openLane(port: number): Promise<{ send(request: Buffer): Promise<string>; close(): void }> {
  let answered: { resolve: (text: string) => void; reject: (error: Error) => void } | null = null;
  const socket = await new Promise<Socket>((resolve, reject) => {
    const opened = connect({ port, host: 'localhost', noDelay: true }, () => resolve(opened));
    opened.once('error', reject);
  });
  let text = '';
  socket.setEncoding('latin1').on('data', (piece: string) => {
    text += piece;
    if (!text.includes('\r\n\r\n')) return;
    answered?.resolve(text);
    text = '';
  });
  socket.on('error', (error) => answered?.reject(error));
  socket.on('close', () => answered?.reject(new Error('The service closed the connection.')));
  return {
    send: (request) =>
      new Promise((resolve, reject) => {
        answered = { resolve, reject };
        socket.write(request);
      }),
    close: () => socket.destroy(),
  };
}
