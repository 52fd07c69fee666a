import { useCallback, useEffect, useRef, useState } from 'react';
import type { Connection, UnsavedChanges } from '../api-types.js';
import { asProblem, type Problem } from '../api/problem.js';
import { usePlatform } from './platform.js';

type Body = Record<string, unknown>;
export type Saving = 'none' | 'unsaved' | 'saving' | 'saved' | 'failed';

export interface Draft<Form> {
  form: Form;
  /** null until the service has the draft. */
  id: string | null;
  change(part: Partial<Form>): void;
  /** Puts what is not sent yet into the connection; answers its id. Rejects with a Problem. */
  save(): Promise<string>;
  /** Keeps step and form as they are, without putting anything into effect. */
  keep(): void;
  /** Forgets what is not in effect. */
  discard(): Promise<void>;
  /** Whether the form differs from what is in effect. */
  changed: boolean;
  saving: Saving;
  problem: Problem | null;
}

export interface DraftOptions<Form> {
  initial: Form;
  id: string | null;
  /** The form as the service has it in effect; null before there is a connection. */
  effective: Form | null;
  /** What POST takes beside the body, such as type and account. */
  create(form: Form): Body;
  body(form: Form): Body;
  /** What the body leaves out, with the step to come back to. */
  aside(form: Form): { step: string; form: Record<string, unknown> | null };
  /** Takes over what the service added, such as proposed mappings. */
  created?(form: Form, connection: Connection): Form;
  /**
   * Where changes go by themselves: into the draft, which does nothing yet; aside, where the connection syncs already; or
   * nowhere.
   */
  goes: 'into draft' | 'aside' | 'nowhere';
  /** What is kept aside already. */
  known: UnsavedChanges | null;
}

/** Idle time after which a change is sent, in milliseconds. */
const restMs = 800;

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/**
 * A set-up being edited, kept on the service so that it can be left and resumed on another computer. Saves come one
 * after another, each sending only the parts that differ from what was sent last.
 */
export function useDraft<Form>(options: DraftOptions<Form>): Draft<Form> {
  const { api, after } = usePlatform();
  const [form, setForm] = useState(options.initial);
  const [id, setId] = useState(options.id);
  const [saving, setSaving] = useState<Saving>('none');
  const [problem, setProblem] = useState<Problem | null>(null);
  const live = useRef({
    form: options.initial,
    id: options.id,
    sent: {
      ...(options.effective === null ? {} : options.body(options.effective)),
      unsaved: options.known === null ? null : { step: options.known.step, form: options.known.form },
    } as Body,
    chain: Promise.resolve<unknown>(undefined),
    /** Calls off the save that is due; null when none is. */
    due: null as (() => void) | null,
    options,
  });
  live.current.options = options;

  const differs = (of: Form): boolean =>
    options.effective === null || !same(options.body(of), options.body(options.effective));

  const send = useCallback(
    async (intoEffect: boolean): Promise<string> => {
      const now = live.current;
      const { create, body, aside, created, goes, effective } = now.options;
      const onlyAside = goes === 'aside' && !intoEffect;
      const unsaved =
        goes === 'aside' && (intoEffect || (effective !== null && same(body(now.form), body(effective))))
          ? null
          : aside(now.form);
      const whole: Body = { ...(onlyAside ? {} : body(now.form)), unsaved };
      setSaving('saving');
      try {
        if (now.id === null) {
          const connection = await api.createConnection({ ...create(now.form), ...whole });
          now.id = connection.id;
          if (created !== undefined) now.form = created(now.form, connection);
          now.sent = { ...body(now.form), ...whole };
          setForm(now.form);
          setId(connection.id);
        } else {
          const parts = Object.entries(whole).filter(([name, value]) => !same(value, now.sent[name]));
          if (parts.length > 0) await api.changeConnection(now.id, Object.fromEntries(parts));
          now.sent = { ...now.sent, ...Object.fromEntries(parts) };
        }
        setSaving(onlyAside && unsaved === null ? 'none' : 'saved');
        setProblem(null);
        return now.id;
      } catch (thrown) {
        setSaving('failed');
        setProblem(asProblem(thrown));
        throw thrown;
      }
    },
    [api],
  );

  const push = useCallback(
    (intoEffect: boolean): Promise<string> => {
      live.current.due?.();
      live.current.due = null;
      const sending = (): Promise<string> => send(intoEffect);
      // One after another, and a failed one does not keep the next from trying.
      const next = live.current.chain.then(sending, sending);
      live.current.chain = next.catch(() => undefined);
      return next;
    },
    [send],
  );
  const save = useCallback(() => push(true), [push]);
  const keep = useCallback((): void => {
    // What fails is shown as the draft's problem.
    if (live.current.id !== null) void push(false).catch(() => undefined);
  }, [push]);

  const change = useCallback(
    (part: Partial<Form>): void => {
      const now = live.current;
      now.form = { ...now.form, ...part };
      setForm(now.form);
      setSaving('unsaved');
      now.due?.();
      now.due = null;
      if (now.options.goes === 'nowhere') return;
      // What fails is shown as the draft's problem.
      now.due = after(restMs, () => void push(false).catch(() => undefined));
    },
    [after, push],
  );

  const discard = useCallback(async (): Promise<void> => {
    const now = live.current;
    now.due?.();
    now.due = null;
    if (now.id === null || now.options.effective === null) return;
    now.form = now.options.effective;
    setForm(now.form);
    await push(false);
  }, [push]);

  // Who leaves in the middle of typing finds it there again.
  useEffect(
    () => () => {
      if (live.current.due !== null) void push(false).catch(() => undefined);
    },
    [push],
  );
  return { form, id, change, save, keep, discard, changed: differs(form), saving, problem };
}
