import { RecordRefused, RetryLater } from '../errors.js';
import { normalEmail } from '../rules/email.js';
import { bulkImport, importErrors, importJob, readByEmails, update, upsert } from '../vendors/klaviyo/profiles.js';
import type { KlaviyoSession } from '../vendors/klaviyo/session.js';
import type { KlaviyoProfileWrite } from '../vendors/klaviyo/types.js';
import { defer, refuse, type Applied } from './apply.js';

/**
 * Up to this many profiles are written one by one: an answer at once beats the wait for an import job, and single writes
 * have their own, wide limit (75/s). Beyond it one import job carries up to a thousand.
 */
const singleWrites = 5;
const importSize = 1000;
const importBytes = 4_000_000;

/** Creates and updates profiles: few one by one, many by import jobs. */
export async function applyToKlaviyo(
  session: KlaviyoSession,
  clock: () => Date,
  people: readonly Applied[],
): Promise<void> {
  if (people.length <= singleWrites) {
    await Promise.all(people.map((person) => writeOne(session, person)));
    return;
  }
  for (const chunk of chunks(people)) await importMany(session, clock, chunk);
}

function writeOf(person: Applied): KlaviyoProfileWrite {
  const { email, attributes, properties, unset } = person.plan.klaviyo ?? { attributes: {}, properties: {}, unset: [] };
  return {
    ...(person.klaviyoId === null ? {} : { id: person.klaviyoId }),
    ...(email === undefined ? {} : { email }),
    attributes,
    properties,
    unset,
  };
}

async function writeOne(session: KlaviyoSession, person: Applied): Promise<void> {
  try {
    const write = writeOf(person);
    const answer = write.id === undefined ? await upsert(session, write) : await update(session, write.id, write);
    person.klaviyoId = answer.id;
    person.outcome.klaviyo = 'done';
    if (answer.phoneIgnored) refuse(person, 'klaviyo', phoneRefused());
  } catch (error) {
    if (error instanceof RecordRefused) refuseProfile(person, error);
    else defer([person], 'klaviyo', error);
  }
}

async function importMany(session: KlaviyoSession, clock: () => Date, people: readonly Applied[]): Promise<void> {
  try {
    const jobId = await bulkImport(session, people.map(writeOf));
    const failed = await waitForImport(session, clock, jobId);
    const errors = failed > 0 ? await importErrors(session, jobId) : [];
    const created = people.filter((person) => person.plan.klaviyo?.action === 'create');
    const emails = created.map((person) => person.plan.email ?? '');
    const found = emails.length === 0 ? new Map<string, { id: string }[]>() : await readByEmails(session, emails, {});
    for (const person of people) settle(person, errors, found);
  } catch (error) {
    if (error instanceof RecordRefused) for (const person of people) refuseProfile(person, error);
    else defer(people, 'klaviyo', error);
  }
}

function settle(
  person: Applied,
  errors: Awaited<ReturnType<typeof importErrors>>,
  found: ReadonlyMap<string, readonly { id: string }[]>,
): void {
  const email = normalEmail(person.plan.email);
  const error = errors.find(
    (one) =>
      (person.klaviyoId !== null && one.id === person.klaviyoId) ||
      (email !== null && normalEmail(one.email) === email),
  );
  if (error !== undefined) {
    refuseProfile(
      person,
      new RecordRefused(error.code, error.detail, {
        status: 400,
        ...(error.field === undefined ? {} : { field: error.field }),
      }),
    );
    return;
  }
  if (person.klaviyoId === null) {
    const id = email === null ? undefined : found.get(email)?.[0]?.id;
    if (id === undefined) {
      // The job says complete and the profile is not listed yet: look again, the import is not repeated blindly.
      person.outcome.klaviyo = 'unknown';
      person.deferred = { seconds: 5, because: 'Klaviyo does not list the imported profile yet.' };
      return;
    }
    person.klaviyoId = id;
  }
  person.outcome.klaviyo = 'done';
}

/** Waits until an import job is complete; answers how many of its profiles failed. */
async function waitForImport(session: KlaviyoSession, clock: () => Date, jobId: string): Promise<number> {
  const deadline = clock().getTime() + 120_000;
  for (let pause = 150; ; pause = Math.min(pause * 1.6, 3000)) {
    await new Promise((resolve) => setTimeout(resolve, pause));
    const job = await importJob(session, jobId);
    if (job.status === 'complete') return job.failed;
    if (job.status === 'cancelled') throw new RetryLater('Klaviyo cancelled an import job.', 30, true);
    if (clock().getTime() > deadline)
      throw new RetryLater('An import job of Klaviyo takes longer than two minutes.', 60, true);
  }
}

function phoneRefused(): RecordRefused {
  return new RecordRefused('invalid_phone', 'Klaviyo ignored the phone number.', {
    status: 200,
    field: 'phone_number',
  });
}

function refuseProfile(person: Applied, error: RecordRefused): void {
  person.outcome.klaviyo = 'refused';
  const writesEmail = person.plan.klaviyo?.email !== undefined && person.klaviyoId !== null;
  const code =
    error.code === 'duplicate_profile' ? (writesEmail ? 'email_taken_in_klaviyo' : 'klaviyo_rejected') : error.code;
  refuse(person, 'klaviyo', new RecordRefused(code, error.message, error.detail));
}

function* chunks(people: readonly Applied[]): Generator<Applied[]> {
  let chunk: Applied[] = [];
  let bytes = 0;
  for (const person of people) {
    const size = JSON.stringify(writeOf(person)).length * 2;
    if (chunk.length > 0 && (chunk.length >= importSize || bytes + size > importBytes)) {
      yield chunk;
      chunk = [];
      bytes = 0;
    }
    chunk.push(person);
    bytes += size;
  }
  if (chunk.length > 0) yield chunk;
}
