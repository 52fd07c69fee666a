import { useId, type ComponentProps, type ReactNode } from 'react';
import type * as hs from '@hubspot/ui-extensions';
import { useValue } from './use-value.js';

interface Labelled {
  label?: string;
  description?: string;
  tooltip?: string;
  required?: boolean;
  error?: boolean;
  validationMessage?: string;
  testId?: string;
}

/** Label above, help and complaint below. */
export function Field({ of: p, id, children }: { of: Labelled; id: string; children: ReactNode }) {
  return (
    <div className={p.error === true ? 'field wrong' : 'field'} title={p.tooltip} data-testid={p.testId}>
      {p.label === undefined ? null : <label htmlFor={id}>{p.required === true ? `${p.label} *` : p.label}</label>}
      {children}
      {p.description === undefined ? null : <small id={`${id}-help`}>{p.description}</small>}
      {p.validationMessage === undefined ? null : (
        <small className="complaint" role="alert">
          {p.validationMessage}
        </small>
      )}
    </div>
  );
}

type TextProps = ComponentProps<typeof hs.Input>;

const textField = (kind: 'text' | 'search') =>
  function TextField(p: TextProps) {
    const id = useId();
    const [value, setValue] = useValue(p.value, p.defaultValue ?? '');
    return (
      <Field of={p} id={id}>
        <input
          id={id}
          name={p.name}
          type={p.type ?? kind}
          value={value}
          readOnly={p.readOnly}
          placeholder={p.placeholder}
          aria-invalid={p.error === true}
          autoComplete="off"
          onChange={(event) => {
            setValue(event.target.value);
            p.onInput?.(event.target.value);
          }}
          onBlur={(event) => {
            if (event.target.value !== p.value) p.onChange?.(event.target.value);
            p.onBlur?.(event.target.value);
          }}
        />
      </Field>
    );
  };
export const Input = textField('text');
export const SearchInput = textField('search');

export function TextArea(p: ComponentProps<typeof hs.TextArea>) {
  const id = useId();
  const [value, setValue] = useValue(p.value, p.defaultValue ?? '');
  return (
    <Field of={p} id={id}>
      <textarea
        id={id}
        name={p.name}
        rows={p.rows}
        value={value}
        onChange={(event) => {
          setValue(event.target.value);
          p.onInput?.(event.target.value);
        }}
        onBlur={(event) => p.onChange?.(event.target.value)}
      />
    </Field>
  );
}

export function NumberInput(p: ComponentProps<typeof hs.NumberInput>) {
  const id = useId();
  const [value, setValue] = useValue<string>(p.value === undefined ? undefined : String(p.value), '');
  return (
    <Field of={p} id={id}>
      <input
        id={id}
        name={p.name}
        type="number"
        min={p.min}
        max={p.max}
        value={value}
        aria-invalid={p.error === true}
        onChange={(event) => setValue(event.target.value)}
        onBlur={(event) => p.onChange?.(event.target.value === '' ? Number.NaN : Number(event.target.value))}
      />
    </Field>
  );
}

const two = (number: number): string => String(number).padStart(2, '0');

/** Months count from 0, as in HubSpot's own. */
export function DateInput(p: ComponentProps<typeof hs.DateInput>) {
  const id = useId();
  const given = p.value == null ? undefined : `${p.value.year}-${two(p.value.month + 1)}-${two(p.value.date)}`;
  const [value, setValue] = useValue(given, '');
  return (
    <Field of={p} id={id}>
      <input
        id={id}
        name={p.name}
        type="date"
        value={value}
        onChange={(event) => {
          setValue(event.target.value);
          const [year, month, date] = event.target.value.split('-').map(Number);
          if (year !== undefined && month !== undefined && date !== undefined)
            p.onChange?.({ year, month: month - 1, date, formattedDate: event.target.value });
        }}
      />
    </Field>
  );
}

export function TimeInput(p: ComponentProps<typeof hs.TimeInput>) {
  const id = useId();
  const given = p.value == null ? undefined : `${two(p.value.hours)}:${two(p.value.minutes)}`;
  const [value, setValue] = useValue(given, '');
  return (
    <Field of={p} id={id}>
      <input
        id={id}
        name={p.name}
        type="time"
        value={value}
        onChange={(event) => {
          setValue(event.target.value);
          const [hours, minutes] = event.target.value.split(':').map(Number);
          if (hours !== undefined && minutes !== undefined) p.onChange?.({ hours, minutes });
        }}
      />
    </Field>
  );
}
