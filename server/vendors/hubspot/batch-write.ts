import { RecordRefused } from '../../errors.js';
import { halves } from '../in-halves.js';
import { refusalOf, statusOf, vendorErrorOf, type VendorError } from './errors.js';
import { batchSchema, objectPath, type HubspotRecord } from './objects.js';
import type { HubspotSession } from './session.js';
import type { WriteOutcome } from './types.js';

export interface BatchInput {
  properties: Record<string, string>;
}

/** What of a batch write depends on whether it creates or updates. */
export interface BatchKind<T extends BatchInput> {
  operation: string;
  /** Path below the object's, e.g. `/batch/create`. */
  path: string;
  /** Key under which an input's outcome stands. */
  keyOf(input: T): string;
  bodyOf(input: T): object;
  /** Key of the input that a result answers, if it can be told. */
  keyOfResult(result: HubspotRecord, inputs: readonly T[]): string | undefined;
  /** Keys of the inputs that an error of a 207 is about. */
  keysOfError(context: Record<string, string[]>): string[];
}

/** Refused whatever the value is: every input with that property would be refused alike. */
const wholeField = new Set(['field_missing', 'field_read_only']);

/**
 * Writes one batch and notes an outcome for every input HubSpot answered. A 207 names the refused inputs; where HubSpot
 * refuses the batch as a whole, the bad inputs are found by halving it. An input without any answer gets no outcome: to
 * the caller that is an error, never a success (G5).
 */
export async function writeBatch<T extends BatchInput>(
  session: HubspotSession,
  kind: BatchKind<T>,
  inputs: readonly T[],
  outcomes: Map<string, WriteOutcome>,
): Promise<void> {
  const [first] = inputs;
  if (first === undefined) return;
  const refuse = (key: string, refused: RecordRefused): void => {
    outcomes.set(key, { ok: false, refused });
  };
  let answer: { results: HubspotRecord[]; errors?: unknown[] | undefined };
  try {
    answer = await session.request({
      operation: kind.operation,
      method: 'POST',
      path: objectPath('contacts', kind.path),
      body: { inputs: inputs.map((input) => kind.bodyOf(input)) },
      schema: batchSchema,
    });
  } catch (error) {
    if (!(error instanceof RecordRefused)) throw error;
    if (inputs.length === 1) return refuse(kind.keyOf(first), error);
    return splitRefused(session, kind, inputs, outcomes, error);
  }
  for (const result of answer.results) {
    const key = kind.keyOfResult(result, inputs);
    if (key !== undefined) outcomes.set(key, { ok: true, id: result.id });
  }
  const nameless: VendorError[] = [];
  for (const error of (answer.errors ?? []).map(vendorErrorOf)) {
    const keys = kind.keysOfError(error.context ?? {});
    for (const key of keys) refuse(key, refusalOf(statusOf(error), error));
    if (keys.length === 0) nameless.push(error);
  }
  const [unnamed] = nameless;
  if (unnamed === undefined) return;
  // An error that does not say whom it is about: asked again in halves, until only one can be meant.
  const open = inputs.filter((input) => !outcomes.has(kind.keyOf(input)));
  if (inputs.length === 1) {
    if (open.length === 1) refuse(kind.keyOf(first), refusalOf(statusOf(unnamed), unnamed));
    return;
  }
  for (const part of open.length < inputs.length ? [open] : halves(open)) {
    await writeBatch(session, kind, part, outcomes);
  }
}

async function splitRefused<T extends BatchInput>(
  session: HubspotSession,
  kind: BatchKind<T>,
  inputs: readonly T[],
  outcomes: Map<string, WriteOutcome>,
  error: RecordRefused,
): Promise<void> {
  const { field } = error.detail;
  const concerned = inputs.filter((input) => field !== undefined && field in input.properties);
  if (wholeField.has(error.code) && concerned.length > 0) {
    for (const input of concerned) outcomes.set(kind.keyOf(input), { ok: false, refused: error });
    const others = inputs.filter((input) => !concerned.includes(input));
    return writeBatch(session, kind, others, outcomes);
  }
  for (const half of halves(inputs)) await writeBatch(session, kind, half, outcomes);
}
