import { useId, useState, type ComponentProps } from 'react';
import type * as hs from '@hubspot/ui-extensions';
import { Field } from './fields.js';
import { useValue } from './use-value.js';

type Value = string | number | boolean;

export function Select(p: ComponentProps<typeof hs.Select>) {
  const id = useId();
  const [value, setValue] = useValue<Value>(p.value, '');
  const known = p.options.some((option) => option.value === value);
  return (
    <Field of={p} id={id}>
      <select
        id={id}
        name={p.name}
        value={known ? String(value) : ''}
        disabled={p.readOnly}
        aria-invalid={p.error === true}
        className={p.variant === 'transparent' ? 'transparent' : undefined}
        onChange={(event) => {
          const chosen = p.options.find((option) => String(option.value) === event.target.value);
          if (chosen === undefined) return;
          setValue(chosen.value);
          p.onChange?.(chosen.value);
        }}
      >
        {known ? null : (
          <option value="" disabled>
            {p.placeholder ?? 'Select'}
          </option>
        )}
        {p.options.map((option) => (
          <option key={String(option.value)} value={String(option.value)}>
            {option.label}
          </option>
        ))}
      </select>
    </Field>
  );
}

/** Many at once: typed text narrows the list, as HubSpot's does. */
export function MultiSelect(p: ComponentProps<typeof hs.MultiSelect>) {
  const id = useId();
  const [value, setValue] = useValue<Value[]>(p.value, []);
  const [typed, setTyped] = useState('');
  const shown = p.options.filter((option) => option.label.toLowerCase().includes(typed.toLowerCase()));
  const set = (next: Value[]): void => {
    setValue(next);
    p.onChange?.(next);
  };
  return (
    <Field of={p} id={id}>
      <div className="multi" data-name={p.name}>
        {value.length === 0 ? null : (
          <div className="chosen">
            {p.options
              .filter((option) => value.includes(option.value))
              .map((option) => (
                <span key={String(option.value)} className="tag truncate">
                  {option.label}
                </span>
              ))}
          </div>
        )}
        <input
          id={id}
          type="search"
          placeholder={value.length === 0 ? (p.placeholder ?? 'Type to search') : ''}
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
        />
        <div className="options" role="group" aria-label={p.label}>
          {shown.map((option) => (
            <label key={String(option.value)}>
              <input
                type="checkbox"
                checked={value.includes(option.value)}
                onChange={(event) =>
                  set(event.target.checked ? [...value, option.value] : value.filter((one) => one !== option.value))
                }
              />
              {option.label}
            </label>
          ))}
        </div>
      </div>
    </Field>
  );
}

export function ToggleGroup(p: ComponentProps<typeof hs.ToggleGroup>) {
  const name = useId();
  const radio = p.toggleType === 'radioButtonList';
  const given = p.value === undefined ? undefined : [p.value].flat();
  const [value, setValue] = useValue<string[]>(given, []);
  const choose = (chosen: string, on: boolean): void => {
    const next = radio ? [chosen] : on ? [...value, chosen] : value.filter((one) => one !== chosen);
    setValue(next);
    if (p.toggleType === 'radioButtonList') p.onChange?.(chosen);
    else p.onChange?.(next);
  };
  return (
    <fieldset className={p.error === true ? 'field wrong' : 'field'} data-testid={p.testId}>
      <legend>{p.label}</legend>
      <div className={p.inline === true ? 'group inline' : 'group'}>
        {p.options.map((option) => (
          <label key={option.value} className="option">
            <input
              type={radio ? 'radio' : 'checkbox'}
              name={name}
              checked={value.includes(option.value)}
              disabled={option.readOnly ?? option.readonly}
              onChange={(event) => choose(option.value, event.target.checked)}
            />
            <span>
              {option.label}
              {option.description === undefined ? null : <small>{option.description}</small>}
            </span>
          </label>
        ))}
      </div>
      {p.validationMessage === undefined ? null : <small className="complaint">{p.validationMessage}</small>}
    </fieldset>
  );
}

export function Toggle(p: ComponentProps<typeof hs.Toggle>) {
  const [on, setOn] = useValue(p.checked, p.initialIsChecked ?? false);
  return (
    <label className={`switch ${p.labelDisplay ?? 'inline'}`}>
      <input
        type="checkbox"
        role="switch"
        name={p.name}
        checked={on}
        disabled={p.readOnly ?? p.readonly}
        aria-label={p.label}
        onChange={(event) => {
          setOn(event.target.checked);
          p.onChange?.(event.target.checked);
        }}
      />
      <span className="track" aria-hidden="true" />
      {p.labelDisplay === 'hidden' ? null : <span>{p.label}</span>}
    </label>
  );
}

export function Checkbox(p: ComponentProps<typeof hs.Checkbox>) {
  const [on, setOn] = useValue(p.checked, p.initialIsChecked ?? false);
  return (
    <label className="option">
      <input
        type="checkbox"
        name={p.name}
        checked={on}
        disabled={p.readOnly ?? p.readonly}
        aria-label={p['aria-label']}
        onChange={(event) => {
          setOn(event.target.checked);
          p.onChange?.(event.target.checked, p.value ?? '');
        }}
      />
      <span>
        {p.children}
        {p.description === undefined ? null : <small>{p.description}</small>}
      </span>
    </label>
  );
}
