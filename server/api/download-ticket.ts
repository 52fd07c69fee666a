import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';

/** What may be downloaded with a ticket: the open issues of a portal, or a part of them. */
export interface Download {
  portalId: string;
  connectionId?: string | undefined;
  code?: string | undefined;
}

const schema = z.strictObject({
  portalId: z.string().regex(/^\d{1,18}$/),
  connectionId: z.guid().optional(),
  code: z.string().max(64).optional(),
  until: z.number(),
});

/** Long enough to press the button, too short to be of use to who finds the address later. */
export const ticketSeconds = 300;

const seal = (secret: string, payload: string): Buffer =>
  createHmac('sha256', secret).update(`download ${payload}`).digest();

/** A ticket that lets whatever browser opens it have this download, for some minutes. */
export function downloadTicket(secret: string, download: Download, now: Date): string {
  const until = now.getTime() + ticketSeconds * 1000;
  const payload = Buffer.from(JSON.stringify({ ...download, until })).toString('base64url');
  return `${payload}.${seal(secret, payload).toString('base64url')}`;
}

/** What a ticket lets one have; null when it is not ours or its time is over. */
export function readTicket(secret: string, ticket: string, now: Date): Download | null {
  const [payload = '', given = '', ...rest] = ticket.split('.');
  const expected = seal(secret, payload);
  const shown = Buffer.from(given, 'base64url');
  if (rest.length > 0 || shown.length !== expected.length || !timingSafeEqual(shown, expected)) return null;
  const { until, ...download } = schema.parse(JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')));
  return until < now.getTime() ? null : download;
}
