import { useCallback, useEffect, useRef, useState } from 'react';
import type { Connection } from '../api-types.js';
import { asProblem, type Problem } from '../api/problem.js';
import { usePlatform } from './platform.js';

type Body = Record<string, unknown>;
export type Saving = 'none' | 'unsaved' | 'saving' | 'saved' | 'failed';

export interface Draft<Form> {
  form: Form;
  /** null until the service has the draft. */
  id: string | null;
  change(part: Partial<Form>): void;
  /** Sends what is not sent yet; answers the connection's id. Rejects with a Problem. */
  save(): Promise<string>;
  saving: Saving;
  problem: Problem | null;
}

export interface DraftOptions<Form> {
  initial: Form;
  id: string | null;
  /** What POST takes beside the body, such as type and account. */
  create(form: Form): Body;
  body(form: Form): Body;
  /** Takes over what the service added, such as proposed mappings. */
  created?(form: Form, connection: Connection): Form;
  /** Whether changes are sent by themselves; not for a connection that syncs already. */
  auto: boolean;
}

/** Idle time after which a change is sent, in milliseconds. */
const restMs = 800;

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
    sent: options.id === null ? {} : options.body(options.initial),
    chain: Promise.resolve<unknown>(undefined),
    /** Calls off the save that is due; null when none is. */
    due: null as (() => void) | null,
    options,
  });
  live.current.options = options;

  const send = useCallback(async (): Promise<string> => {
    const now = live.current;
    const { create, body, created } = now.options;
    const whole = body(now.form);
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
        const parts = Object.entries(whole).filter(
          ([name, value]) => JSON.stringify(value) !== JSON.stringify(now.sent[name]),
        );
        if (parts.length > 0) await api.changeConnection(now.id, Object.fromEntries(parts));
        now.sent = { ...now.sent, ...Object.fromEntries(parts) };
      }
      setSaving('saved');
      setProblem(null);
      return now.id;
    } catch (thrown) {
      setSaving('failed');
      setProblem(asProblem(thrown));
      throw thrown;
    }
  }, [api]);

  const save = useCallback((): Promise<string> => {
    live.current.due?.();
    live.current.due = null;
    // One after another, and a failed one does not keep the next from trying.
    const next = live.current.chain.then(send, send);
    live.current.chain = next.catch(() => undefined);
    return next;
  }, [send]);

  const change = useCallback(
    (part: Partial<Form>): void => {
      const now = live.current;
      now.form = { ...now.form, ...part };
      setForm(now.form);
      setSaving('unsaved');
      now.due?.();
      now.due = null;
      if (!now.options.auto) return;
      // What fails is shown as the draft's problem.
      now.due = after(restMs, () => void save().catch(() => undefined));
    },
    [after, save],
  );

  // Who leaves in the middle of typing finds it there again.
  useEffect(
    () => () => {
      if (live.current.due !== null) void save().catch(() => undefined);
    },
    [save],
  );
  return { form, id, change, save, saving, problem };
}
