import { isValidElement, useEffect, useRef, useState, type ComponentProps, type ReactNode } from 'react';
import type * as hs from '@hubspot/ui-extensions';
import { closeOverlay, openOverlay, useIsOpen } from './overlays.js';

type Href = string | { url: string; external?: boolean } | undefined;
const urlOf = (href: Href): string | undefined => (typeof href === 'string' ? href : href?.url);
/** Functions cross to the worker as messages: what an event is there must be plain data. */
const pressed = { type: 'click' } as never;

/** The id of the modal or panel that a button brings along: it arrives as a fragment of remote components. */
function overlayIdOf(overlay: ReactNode): string | undefined {
  if (!isValidElement<{ fragment?: { children?: { props?: { id?: string } }[] } }>(overlay)) return undefined;
  return overlay.props.fragment?.children?.[0]?.props?.id;
}

interface ButtonLike extends ComponentProps<typeof hs.Button> {
  loading?: boolean;
}

export function Button(p: ButtonLike) {
  const id = overlayIdOf(p.overlay);
  const href = urlOf(p.href);
  const name = ['button', p.variant ?? 'secondary', p.size ?? 'md', p.truncate === true ? 'truncate' : ''].join(' ');
  if (href !== undefined)
    return (
      <a className={name} href={href} target="_blank" rel="noreferrer" data-testid={p.testId}>
        {p.children}
      </a>
    );
  return (
    <>
      <button
        className={name}
        type={p.type ?? 'button'}
        disabled={p.disabled}
        // HubSpot says only that a loading button cannot be pressed; it keeps the keyboard's focus here.
        aria-disabled={p.loading === true || undefined}
        aria-busy={p.loading === true}
        data-testid={p.testId}
        onClick={(event) => {
          if (p.loading === true) return event.preventDefault();
          p.onClick?.(pressed, undefined as never);
          if (id !== undefined) openOverlay(id);
        }}
      >
        {p.loading === true ? <span className="spinner" aria-hidden="true" /> : null}
        {p.children}
      </button>
      {p.overlay}
    </>
  );
}

export function Link(p: ComponentProps<typeof hs.Link>) {
  const href = urlOf(p.href);
  const act = p.preventDefault === true;
  return (
    <>
      <a
        href={href}
        data-testid={p.testId}
        {...(act ? {} : { target: '_blank', rel: 'noreferrer' })}
        onClick={(event) => {
          if (act) event.preventDefault();
          p.onClick?.(pressed, undefined as never);
          const id = overlayIdOf(p.overlay);
          if (id !== undefined) openOverlay(id);
        }}
      >
        {p.children}
      </a>
      {p.overlay}
    </>
  );
}

interface OverlayProps {
  id: string;
  title?: string;
  width?: string;
  variant?: string;
  onOpen?: () => void;
  onClose?: () => void;
  children?: ReactNode;
  'aria-label'?: string;
}

/** Keeps the keyboard inside, closes with Escape, and gives the focus back. */
const overlay = (kind: 'modal' | 'panel') =>
  function Overlay(p: OverlayProps) {
    const open = useIsOpen(p.id);
    const box = useRef<HTMLDialogElement>(null);
    useEffect(() => {
      const dialog = box.current;
      if (dialog === null) return;
      const before = document.activeElement;
      dialog.showModal();
      p.onOpen?.();
      return () => {
        dialog.close();
        // A browser gives the focus back only while the dialog is still on the page.
        if (before instanceof HTMLElement) before.focus();
      };
      // Opened once; what the extension draws anew meanwhile is no second opening.
    }, [open]);
    if (!open) return null;
    const close = (): void => {
      closeOverlay(p.id);
      p.onClose?.();
    };
    return (
      <dialog
        ref={box}
        className={`${kind} ${p.width ?? 'medium'} ${p.variant ?? 'default'}`}
        aria-label={p['aria-label'] ?? p.title}
        onCancel={(event) => {
          event.preventDefault();
          close();
        }}
      >
        <header>
          <h2>{p.title}</h2>
          <button type="button" aria-label="Close" onClick={close}>
            ×
          </button>
        </header>
        {p.children}
      </dialog>
    );
  };
export const Modal = overlay('modal');
export const Panel = overlay('panel');

export const Form = (p: ComponentProps<typeof hs.Form>) => (
  <form
    data-testid={p.testId}
    autoComplete={p.autoComplete}
    noValidate
    onSubmit={(event) => {
      event.preventDefault();
      const targetValue = Object.fromEntries(new FormData(event.currentTarget).entries());
      p.onSubmit?.({ type: 'submit', targetValue } as never, undefined as never);
    }}
  >
    {p.children}
  </form>
);

interface DropdownLike {
  variant?: string;
  buttonText?: string;
  buttonSize?: string;
  options?: { label: string; onClick?: () => void }[];
  children?: ReactNode;
}

/** Opens over the page at its button; closes with Escape, when something is chosen, and when the keyboard leaves it. */
export function Dropdown(p: DropdownLike) {
  const [at, setAt] = useState<{ top: number; right: number } | null>(null);
  const box = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const open = (): void => {
    const place = button.current?.getBoundingClientRect();
    if (place === undefined) return;
    setAt({ top: place.bottom, right: document.documentElement.clientWidth - place.right });
  };
  useEffect(() => {
    if (at === null) return;
    const close = (event: Event): void => {
      if (event.target instanceof Node && box.current?.contains(event.target) === true) return;
      setAt(null);
    };
    document.addEventListener('pointerdown', close);
    document.addEventListener('scroll', close, true);
    return () => {
      document.removeEventListener('pointerdown', close);
      document.removeEventListener('scroll', close, true);
    };
  }, [at]);
  return (
    <div
      className="dropdown"
      ref={box}
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || at === null) return;
        setAt(null);
        button.current?.focus();
      }}
      onBlur={(event) => {
        if (event.relatedTarget !== null && !event.currentTarget.contains(event.relatedTarget)) setAt(null);
      }}
    >
      <button
        ref={button}
        type="button"
        className={`button ${p.variant ?? 'secondary'} ${p.buttonSize ?? 'md'}`}
        aria-haspopup="menu"
        aria-expanded={at !== null}
        onClick={() => (at === null ? open() : setAt(null))}
      >
        {p.buttonText ?? 'More'} <span aria-hidden="true">▾</span>
      </button>
      {/* Its dialogs stay on the page while it is closed: they are drawn by the browser above everything. */}
      <div className={at === null ? 'menu closed' : 'menu'} style={at ?? undefined} onClick={() => setAt(null)}>
        {p.options?.map(({ label, onClick }) => (
          <button key={label} type="button" onClick={() => onClick?.()}>
            {label}
          </button>
        ))}
        {p.children}
      </div>
    </div>
  );
}

/** One line of a dropdown. */
export const DropdownButtonItem = (p: ButtonLike) => <Button {...p} variant="transparent" size="sm" />;
