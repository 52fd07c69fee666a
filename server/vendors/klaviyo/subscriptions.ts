import { z } from 'zod';
import { VendorBug, type RecordRefused } from '../../errors.js';
import { inChunks, mapLimited } from '../call.js';
import { refusedOf } from '../in-halves.js';
import type { KlaviyoSession } from './session.js';

/**
 * Email marketing consent. All three are jobs that Klaviyo accepts at once and carries out within a minute or so; for
 * the first two it names no job to ask about, so the next read of the profile tells.
 */

/** Somebody to subscribe. With `consentedAt` the consent is an old one: no double opt-in, no welcome flow. */
export interface Subscriber {
  email: string;
  /** Klaviyo's profile, where it is known. */
  id?: string;
  consentedAt?: Date;
}

/** Addresses that Klaviyo refuses, with the reason. */
export type NotChanged = Map<string, RecordRefused>;

const subscribers = 1000;
const unsubscribers = 100;

const marketing = (consent: 'SUBSCRIBED' | 'UNSUBSCRIBED', consentedAt?: Date): object => ({
  email: {
    marketing: { consent, ...(consentedAt === undefined ? {} : { consented_at: consentedAt.toISOString() }) },
  },
});

const listRelation = (listId: string | undefined): object =>
  listId === undefined ? {} : { relationships: { list: { data: { type: 'list', id: listId } } } };

/**
 * Subscribes people to email marketing, a thousand a call. Klaviyo lifts a person's own unsubscribe and a manual
 * suppression by this call, so the caller must have read the consent first (C2, C5). On a double opt-in list nothing
 * changes until the person confirms, unless the consent is an old one.
 * https://developers.klaviyo.com/en/reference/bulk_subscribe_profiles
 */
export async function subscribe(
  session: KlaviyoSession,
  people: readonly Subscriber[],
  options: { listId?: string; source?: string } = {},
): Promise<NotChanged> {
  const distinct = [...new Map(people.map((person) => [person.email.toLowerCase(), person])).values()];
  const isOld = (person: Subscriber): boolean => person.consentedAt !== undefined;
  // One job is either of old consents, with their times, or of new ones, without.
  const jobs = [distinct.filter((person) => !isOld(person)), distinct.filter(isOld)];
  return send(
    jobs.flatMap((job) => inChunks(job, subscribers)),
    ({ email }) => email,
    async (part) => {
      const data = part.map(({ email, id, consentedAt }) => ({
        type: 'profile',
        ...(id === undefined ? {} : { id }),
        attributes: { email, subscriptions: marketing('SUBSCRIBED', consentedAt) },
      }));
      await session.request({
        method: 'POST',
        path: '/api/profile-subscription-bulk-create-jobs',
        body: {
          data: {
            type: 'profile-subscription-bulk-create-job',
            attributes: {
              ...(options.source === undefined ? {} : { custom_source: options.source }),
              profiles: { data },
              historical_import: part.some(isOld),
            },
            ...listRelation(options.listId),
          },
        },
        schema: z.unknown(),
      });
    },
  );
}

/**
 * Withdraws people's consent to all email marketing, a hundred a call. There is no list to name on purpose: with a list
 * Klaviyo unsubscribes those who are not on it from everything, those who are from the list only.
 * https://developers.klaviyo.com/en/reference/bulk_unsubscribe_profiles
 */
export async function unsubscribe(session: KlaviyoSession, emails: readonly string[]): Promise<NotChanged> {
  return send(
    inChunks(distinctEmails(emails), unsubscribers),
    (email) => email,
    async (part) => {
      const data = part.map((email) => ({
        type: 'profile',
        attributes: { email, subscriptions: marketing('UNSUBSCRIBED') },
      }));
      await session.request({
        method: 'POST',
        path: '/api/profile-subscription-bulk-delete-jobs',
        body: { data: { type: 'profile-subscription-bulk-delete-job', attributes: { profiles: { data } } } },
        schema: z.unknown(),
      });
    },
  );
}

/** Suppresses addresses: no email reaches them whatever their consent reads. A hundred a call. */
export async function suppress(session: KlaviyoSession, emails: readonly string[]): Promise<NotChanged> {
  return send(
    inChunks(distinctEmails(emails), unsubscribers),
    (email) => email,
    async (part) => {
      const data = part.map((email) => ({ type: 'profile', attributes: { email } }));
      await session.request({
        method: 'POST',
        path: '/api/profile-suppression-bulk-create-jobs',
        body: { data: { type: 'profile-suppression-bulk-create-job', attributes: { profiles: { data } } } },
        schema: z.unknown(),
      });
    },
  );
}

const distinctEmails = (emails: readonly string[]): string[] => [
  ...new Map(emails.map((email) => [email.toLowerCase(), email])).values(),
];

async function send<T>(
  chunks: readonly T[][],
  emailOf: (item: T) => string,
  job: (part: readonly T[]) => Promise<void>,
): Promise<NotChanged> {
  if (chunks.flat().some((item) => emailOf(item).trim() === '')) throw new VendorBug('Consent needs an email address.');
  // A 404 is about the list, not about the people.
  const parts = await mapLimited(chunks, 2, (chunk) => refusedOf(chunk, job, ({ detail }) => detail.status !== 404));
  return new Map(parts.flatMap((part) => [...part]).map(([item, refused]) => [emailOf(item), refused]));
}
