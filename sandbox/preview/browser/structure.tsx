import { Children, isValidElement, useState, type ComponentProps, type ReactNode } from 'react';
import type * as hs from '@hubspot/ui-extensions';
import { useValue } from './use-value.js';

interface TabLike {
  tabId?: string | number;
  title?: string;
  disabled?: boolean;
}
/** Children arrive as remote components: what the extension gave a tab stands in the component it wraps. */
function tabOf(child: ReactNode): TabLike {
  return isValidElement<{ component?: { props?: TabLike } }>(child) ? (child.props.component?.props ?? {}) : {};
}

export function Tabs(p: ComponentProps<typeof hs.Tabs>) {
  const children = Children.toArray(p.children);
  const ids = children.map((child, at) => tabOf(child).tabId ?? at);
  const [selected, setSelected] = useValue(p.selected, p.defaultSelected ?? ids[0] ?? 0);
  const choose = (id: string | number): void => {
    setSelected(id);
    (p.onSelectedChange as ((chosen: string | number) => void) | undefined)?.(id);
  };
  return (
    <div className="tabs">
      <div role="tablist">
        {children.map((child, at) => (
          <button
            key={ids[at]}
            type="button"
            role="tab"
            aria-selected={ids[at] === selected}
            disabled={tabOf(child).disabled}
            onClick={() => choose(ids[at] ?? at)}
          >
            {tabOf(child).title}
          </button>
        ))}
      </div>
      {children.map((child, at) => (
        <div key={ids[at]} role="tabpanel" hidden={ids[at] !== selected} aria-label={tabOf(child).title}>
          {child}
        </div>
      ))}
    </div>
  );
}
export const Tab = (p: { children?: ReactNode }) => <>{p.children}</>;

export function Accordion(p: ComponentProps<typeof hs.Accordion>) {
  const [open, setOpen] = useState(p.open ?? p.defaultOpen ?? false);
  const shown = p.open ?? open;
  return (
    <div className="accordion">
      <button
        type="button"
        aria-expanded={shown}
        disabled={p.disabled}
        onClick={() => {
          setOpen(!shown);
          p.onClick?.();
        }}
      >
        <span aria-hidden="true">{shown ? '▾' : '▸'}</span> {p.title}
      </button>
      {shown ? <div>{p.children}</div> : null}
    </div>
  );
}

interface TableLike {
  bordered?: boolean;
  flush?: boolean;
  density?: string;
  paginated?: boolean;
  pageCount?: number;
  page?: number;
  onPageChange?: (page: number) => void;
  children?: ReactNode;
}

export function Table(p: TableLike) {
  const [page, setPage] = useValue(p.page, 1);
  const last = p.pageCount ?? 1;
  const go = (to: number): void => {
    setPage(to);
    p.onPageChange?.(to);
  };
  return (
    <div className="table">
      <div className="scroll" tabIndex={0} role="region" aria-label="Table">
        <table className={p.density}>{p.children}</table>
      </div>
      {p.paginated === true ? (
        <nav aria-label="Pages">
          <button type="button" disabled={page <= 1} onClick={() => go(page - 1)}>
            ‹ Prev
          </button>
          <span>{`${page} of ${last}`}</span>
          <button type="button" disabled={page >= last} onClick={() => go(page + 1)}>
            Next ›
          </button>
        </nav>
      ) : null}
    </div>
  );
}

const width = (given: string | number | undefined): string | number | undefined =>
  given === 'min' ? '1%' : given === 'max' ? '100%' : given === 'auto' ? undefined : given;

interface Header {
  align?: 'left' | 'center' | 'right';
  width?: string | number;
  sortDirection?: 'never' | 'ascending' | 'descending' | 'none';
  onSortChange?: (direction: 'ascending' | 'descending') => void;
  children?: ReactNode;
}

export function TableHeader(p: Header) {
  const style = { textAlign: p.align, width: width(p.width) };
  if (p.sortDirection === undefined || p.sortDirection === 'never')
    return (
      <th scope="col" style={style}>
        {p.children}
      </th>
    );
  const { sortDirection, onSortChange } = p;
  return (
    <th scope="col" style={style} aria-sort={sortDirection}>
      <button type="button" onClick={() => onSortChange?.(sortDirection === 'ascending' ? 'descending' : 'ascending')}>
        {p.children} ⇅
      </button>
    </th>
  );
}
export const TableCell = (p: ComponentProps<typeof hs.TableCell>) => (
  <td style={{ textAlign: p.align, width: width(p.width) }} colSpan={p.colSpan}>
    {p.children}
  </td>
);

const chartColours: Record<string, string> = { aqua: '#00bda5', blue: '#0091ae', orange: '#ff7a59', purple: '#6a78d1' };

/** Bars in groups of one place on the axis, coloured by kind, with a legend; days stand where their date puts them. */
export function BarChart(p: ComponentProps<typeof hs.BarChart>) {
  const rows = Array.isArray(p.data) ? p.data : p.data.data;
  const { x, y, options = {} } = p.axes;
  const grouping = options.groupFieldByColor;
  const kindOf = (row: Record<string, string | number>): string =>
    grouping === undefined ? '' : String(row[grouping]);
  const value = (row: Record<string, string | number>): number => Number(row[y.field] ?? 0);
  const most = Math.max(1, ...rows.map(value));
  const kinds = [...new Set(rows.map(kindOf))];
  const colours: Record<string, string> = options.colors ?? {};
  const colour = (kind: string): string => chartColours[colours[kind] ?? ''] ?? '#00748a';
  const given = [...new Set(rows.map((row) => String(row[x.field])))];
  const places = x.fieldType === 'datetime' ? everyDay(given) : given;
  return (
    <figure className="chart">
      <figcaption>{p.options?.title}</figcaption>
      <div>
        {places.map((place, at) => {
          const here = rows.filter((row) => String(row[x.field]) === place);
          return (
            <div key={place} title={here.map((row) => `${place}: ${value(row)} ${kindOf(row)}`).join('\n')}>
              <span>
                {here.map((row) => (
                  <i
                    key={kindOf(row)}
                    style={{ height: `${(value(row) / most) * 88}px`, background: colour(kindOf(row)) }}
                  />
                ))}
              </span>
              <small>
                {places.length < 12 || at % Math.ceil(places.length / 6) === 0 ? tick(place, x.fieldType) : '\u00a0'}
              </small>
            </div>
          );
        })}
      </div>
      {grouping === undefined ? null : (
        <div className="legend">
          {kinds.map((kind) => (
            <span key={kind}>
              <i style={{ background: colour(kind) }} />
              {kind}
            </span>
          ))}
        </div>
      )}
    </figure>
  );
}

/** What stands below the axis: a day as HubSpot writes it, everything else as it is. */
const tick = (place: string, kind: string | undefined): string =>
  kind === 'datetime' && !Number.isNaN(Date.parse(place))
    ? new Date(place).toLocaleDateString('en-US', { month: 'short', day: 'numeric', timeZone: 'UTC' })
    : place;

/** Every day from the first to the last, as text like the given ones. */
function everyDay(days: readonly string[]): string[] {
  const times = days.map((day) => Date.parse(day)).filter((time) => !Number.isNaN(time));
  if (times.length !== days.length || times.length === 0) return [...days];
  const all: string[] = [];
  for (let time = Math.min(...times); time <= Math.max(...times); time += 86_400_000)
    all.push(new Date(time).toISOString().slice(0, 10));
  return all;
}
