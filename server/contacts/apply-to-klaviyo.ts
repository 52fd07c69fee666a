import { RecordRefused, RetryLater } from '../errors.js';
import { normalEmail } from '../rules/email.js';
import {
  bulkImport,
  importErrors,
  importJob,
  readByEmails,
  readByPhones,
  update,
  upsert,
} from '../vendors/klaviyo/profiles.js';
import type { Priority } from '../vendors/hubspot/types.js';
import type { KlaviyoSession } from '../vendors/klaviyo/session.js';
import type { KlaviyoProfile, KlaviyoProfileWrite } from '../vendors/klaviyo/types.js';
import { defer, refuse, type Applied } from './apply.js';
import type { Roster } from './roster.js';

/**
 * Up to this many profiles are written one by one: an answer at once beats the wait for an import job, and single writes
 * have their own, wide limit (75/s, 700/min). Beyond it one import job carries up to two thousand. Where somebody waits, more
 * of the limit is worth it: should it be used up, more hints gather meanwhile, and they go by import again.
 */
const singleWrites: Record<Priority, number> = { person: 20, sweep: 5 };
/** Of 10,000 that a job may take: the more, the longer all of them wait for its end. */
const importSize = 2000;
const importBytes = 4_000_000;

/** Fields that Klaviyo refused and that are left out of the next try, by person. */
type Omitted = Map<Applied, Set<string>>;

/**
 * Creates and updates profiles: few one by one, many by import jobs. A field that Klaviyo refuses is left out and the
 * rest written (D7); each round leaves out at least one more field of those it writes again, so it ends.
 */
export async function applyToKlaviyo(
  session: KlaviyoSession,
  clock: () => Date,
  /** Numbers that another batch is about to give to somebody; this one's are added while it is under way. */
  numbersUnderWay: Map<string, string | null>,
  priority: Priority,
  roster: Roster | null,
  people: readonly Applied[],
): Promise<void> {
  const omitted: Omitted = new Map();
  const elsewhere = new Map(numbersUnderWay);
  const own = people.flatMap((person) => {
    const phone = numberOf(person, omitted);
    return phone === null || elsewhere.has(phone) ? [] : [[phone, person.plan.email] as const];
  });
  for (const [phone, email] of own) numbersUnderWay.set(phone, email);
  try {
    let round = await keepNumbersWithTheirHolders(session, roster, people, elsewhere, omitted);
    while (round.length > 0) {
      const refused: Refused[] = [];
      if (round.length <= singleWrites[priority])
        await Promise.all(round.map((person) => writeOne(session, person, omitted, refused)));
      else for (const chunk of chunks(round, omitted)) await importMany(session, clock, chunk, omitted, refused);
      round = await settleRefusals(session, refused, omitted);
    }
    await roster?.note(people.flatMap((person) => noteOf(person, omitted)));
  } finally {
    for (const [phone] of own) numbersUnderWay.delete(phone);
  }
}

/**
 * A new profile with the number of another one would not be new: Klaviyo matches by any identity and would write the new
 * email over the other person's. So the holders are asked for first, and the number left out where it has another owner.
 * Where a run knows the holders of all numbers (`roster`) it does the same for updates: Klaviyo would refuse them, and each
 * refusal takes an import job of its own. Answers whom to write now.
 */
async function keepNumbersWithTheirHolders(
  session: KlaviyoSession,
  roster: Roster | null,
  people: readonly Applied[],
  elsewhere: ReadonlyMap<string, string | null>,
  omitted: Omitted,
): Promise<readonly Applied[]> {
  const withNumber = people.filter((person) => numberOf(person, omitted) !== null);
  const updated = withNumber.filter(({ klaviyoId }) => klaviyoId !== null);
  const created = withNumber.filter(({ klaviyoId }) => klaviyoId === null);
  const checked = roster === null ? created : withNumber;
  if (checked.length === 0) return people;
  try {
    const numbers = checked.flatMap((person) => numberOf(person, omitted) ?? []);
    const holders: ReadonlyMap<string, { id: string; email: string | null; isCertain?: boolean }> =
      await (roster?.holders(numbers) ?? readByPhones(session, numbers));
    // Who may give a number up in this very batch: whether before or after an update asks for it, Klaviyo decides.
    const leaving = new Set(
      people.flatMap(({ klaviyoId, plan }) =>
        klaviyoId !== null && 'phone_number' in (plan.klaviyo?.attributes ?? {}) ? klaviyoId : [],
      ),
    );
    // Numbers that somebody of this batch is about to get.
    const claimed = new Map<string, string | null>();
    for (const person of [...updated, ...created]) {
      const phone = numberOf(person, omitted) ?? '';
      const { klaviyoId, plan } = person;
      const isNew = klaviyoId === null;
      const found = holders.get(phone);
      const isOther = found !== undefined && found.id !== klaviyoId;
      // A new profile never takes the risk; an update that is tried in vain is refused, and nothing else happens.
      const isSure = isNew || (found?.isCertain === true && !leaving.has(found.id));
      const holder = isOther && isSure ? found : null;
      // A profile that has only the number is the same person without an email yet: a new one becomes one with it.
      const other =
        holder?.email ??
        (isNew ? null : holder?.id) ??
        claimed.get(phone) ??
        (isNew ? elsewhere.get(phone) : undefined) ??
        null;
      const isOwn = other === null || normalEmail(other) === normalEmail(plan.email);
      if (isOwn || (!isNew && roster === null)) {
        claimed.set(phone, plan.email);
        continue;
      }
      refuse(person, 'klaviyo', phoneTaken(phone, other, 409));
      omitted.set(person, new Set(['phone_number']));
      if (!isNew && !isWorthWriting(writeOf(person, omitted))) person.outcome.klaviyo = 'refused';
    }
    return people.filter(({ outcome }) => outcome.klaviyo !== 'refused');
  } catch (error) {
    defer(created, 'klaviyo', error);
    return people.filter((person) => !created.includes(person));
  }
}

/** What the roster is to know of a person: a profile that came to be, or has another number now. */
function noteOf(person: Applied, omitted: Omitted): Parameters<Roster['note']>[0][number][] {
  const { klaviyoId, plan, refusedKeys } = person;
  const written = numberOf(person, omitted);
  const phone = refusedKeys.size > 0 && person.refusals.some(({ field }) => field === 'phone_number') ? null : written;
  if (klaviyoId === null || person.outcome.klaviyo !== 'done') return [];
  if (plan.klaviyo?.action !== 'create' && phone === null) return [];
  return [{ recordId: klaviyoId, email: normalEmail(plan.email), phone }];
}

interface Refused {
  person: Applied;
  error: RecordRefused;
}

function writeOf(person: Applied, omitted: Omitted): KlaviyoProfileWrite {
  const { email, attributes, properties, unset } = person.plan.klaviyo ?? { attributes: {}, properties: {}, unset: [] };
  const left = omitted.get(person) ?? new Set<string>();
  const without = <Value>(values: Record<string, Value>): Record<string, Value> =>
    left.size === 0 ? values : Object.fromEntries(Object.entries(values).filter(([name]) => !left.has(name)));
  return {
    ...(person.klaviyoId === null ? {} : { id: person.klaviyoId }),
    ...(email === undefined || (left.has('email') && person.klaviyoId !== null) ? {} : { email }),
    attributes: without(attributes),
    properties: without(properties),
    unset,
  };
}

const phoneOf = (write: Pick<KlaviyoProfileWrite, 'attributes'>): string | null => {
  const phone = write.attributes['phone_number'];
  return typeof phone === 'string' ? phone : null;
};

/** The phone number that a person's profile is about to get; null when none is written. */
const numberOf = (person: Applied, omitted: Omitted): string | null =>
  person.plan.klaviyo === null || omitted.get(person)?.has('phone_number') === true
    ? null
    : phoneOf(person.plan.klaviyo);

async function writeOne(session: KlaviyoSession, person: Applied, omitted: Omitted, refused: Refused[]): Promise<void> {
  try {
    const write = writeOf(person, omitted);
    const answer = write.id === undefined ? await upsert(session, write) : await update(session, write.id, write);
    person.klaviyoId = answer.id;
    person.outcome.klaviyo = 'done';
    if (answer.phoneIgnored) refuse(person, 'klaviyo', phoneIgnored(phoneOf(write)));
  } catch (error) {
    if (error instanceof RecordRefused) refused.push({ person, error });
    else defer([person], 'klaviyo', error);
  }
}

async function importMany(
  session: KlaviyoSession,
  clock: () => Date,
  people: readonly Applied[],
  omitted: Omitted,
  refused: Refused[],
): Promise<void> {
  try {
    const writes = new Map(people.map((person) => [person, writeOf(person, omitted)]));
    const jobId = await bulkImport(session, [...writes.values()]);
    const failed = await waitForImport(session, clock, jobId);
    const errors = failed > 0 ? await importErrors(session, jobId) : [];
    // An import says nothing of ids, nor of phone numbers that Klaviyo dropped: who came to be or got one is read again.
    const read = people.filter((person) => person.klaviyoId === null || numberOf(person, omitted) !== null);
    const emails = read.flatMap(({ plan }) => plan.email ?? []);
    const profiles =
      emails.length === 0 ? new Map<string, KlaviyoProfile[]>() : await readByEmails(session, emails, {});
    for (const [person, write] of writes) {
      const error = errorFor(person, errors);
      if (error !== undefined) {
        refused.push({ person, error });
        continue;
      }
      const { klaviyoId } = person;
      const found = profiles
        .get(normalEmail(person.plan.email) ?? '')
        ?.find((profile) => klaviyoId === null || profile.id === klaviyoId);
      if (person.klaviyoId === null && found === undefined) {
        // The job says complete and the profile is not listed yet: look again, the import is not repeated blindly.
        person.outcome.klaviyo = 'unknown';
        person.deferred = { seconds: 5, because: 'Klaviyo does not list the imported profile yet.' };
        continue;
      }
      person.klaviyoId ??= found?.id ?? null;
      person.outcome.klaviyo = 'done';
      const phone = phoneOf(write);
      if (phone !== null && found !== undefined && found.phoneNumber !== phone)
        refuse(person, 'klaviyo', phoneIgnored(phone));
    }
  } catch (error) {
    if (error instanceof RecordRefused) for (const person of people) refused.push({ person, error });
    else defer(people, 'klaviyo', error);
  }
}

function errorFor(person: Applied, errors: Awaited<ReturnType<typeof importErrors>>): RecordRefused | undefined {
  const email = normalEmail(person.plan.email);
  const error = errors.find(
    (one) =>
      (person.klaviyoId !== null && one.id === person.klaviyoId) ||
      (email !== null && normalEmail(one.email) === email),
  );
  return error === undefined
    ? undefined
    : new RecordRefused(error.code, error.detail, {
        status: 400,
        ...(error.field === undefined ? {} : { field: error.field }),
      });
}

/** Turns refusals into issues, and answers those whose other fields are worth another try. */
async function settleRefusals(
  session: KlaviyoSession,
  refused: readonly Refused[],
  omitted: Omitted,
): Promise<Applied[]> {
  const phones = refused.flatMap(({ person, error }) =>
    error.code === 'duplicate_profile' ? (numberOf(person, omitted) ?? []) : [],
  );
  let holders = new Map<string, KlaviyoProfile>();
  try {
    if (phones.length > 0) holders = await readByPhones(session, phones);
  } catch (error) {
    defer(
      refused.map(({ person }) => person),
      'klaviyo',
      error,
    );
    return [];
  }
  const again: Applied[] = [];
  for (const { person, error } of refused) {
    const write = writeOf(person, omitted);
    const refusal = explained(person, error, write, holders);
    person.outcome.klaviyo = 'refused';
    refuse(person, 'klaviyo', refusal);
    const field = refusal.detail.field;
    const written =
      field !== undefined &&
      (field in write.attributes ||
        field in write.properties ||
        (field === 'email' && write.id !== undefined && write.email !== undefined));
    if (!written) continue;
    omitted.set(person, new Set([...(omitted.get(person) ?? []), field]));
    if (isWorthWriting(writeOf(person, omitted))) again.push(person);
  }
  return again;
}

const isWorthWriting = ({ attributes, properties, unset, email }: KlaviyoProfileWrite): boolean =>
  email !== undefined || Object.keys(attributes).length + Object.keys(properties).length + unset.length > 0;

/** Says of a duplicate which identity it is about, and who holds it. */
function explained(
  person: Applied,
  error: RecordRefused,
  write: KlaviyoProfileWrite,
  holders: ReadonlyMap<string, KlaviyoProfile>,
): RecordRefused {
  if (error.code !== 'duplicate_profile') return error;
  const phone = phoneOf(write);
  const holder = phone === null ? undefined : holders.get(phone);
  if (phone !== null && holder !== undefined && holder.id !== person.klaviyoId) {
    return phoneTaken(phone, holder.email ?? holder.id, error.detail.status);
  }
  const moves = write.email !== undefined && write.id !== undefined;
  return new RecordRefused(moves ? 'email_taken_in_klaviyo' : 'klaviyo_rejected', error.message, {
    ...error.detail,
    ...(moves ? { field: 'email' } : {}),
  });
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

function phoneTaken(phone: string, holder: string, status: number): RecordRefused {
  const message = `“${phone}” belongs to the Klaviyo profile ${holder}.`;
  return new RecordRefused('phone_taken_in_klaviyo', message, { status, field: 'phone_number' });
}

function phoneIgnored(phone: string | null): RecordRefused {
  return new RecordRefused('invalid_phone', `Klaviyo ignored the phone number “${phone ?? ''}”.`, {
    status: 200,
    field: 'phone_number',
  });
}

function* chunks(people: readonly Applied[], omitted: Omitted): Generator<Applied[]> {
  let chunk: Applied[] = [];
  let bytes = 0;
  for (const person of people) {
    const size = JSON.stringify(writeOf(person, omitted)).length * 2;
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
