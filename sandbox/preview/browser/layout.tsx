import type { ComponentProps, CSSProperties, ReactNode } from 'react';
import { Children } from 'react';
import type * as hs from '@hubspot/ui-extensions';

/** HubSpot's distances in pixels. */
const distances: Record<string, number> = {
  flush: 0,
  xs: 4,
  'extra-small': 4,
  sm: 8,
  small: 8,
  md: 16,
  medium: 16,
  lg: 24,
  large: 24,
  xl: 32,
  'extra-large': 32,
};
const px = (distance: string | undefined, otherwise = 0): number => distances[distance ?? ''] ?? otherwise;
const aligned: Record<string, string> = { start: 'flex-start', end: 'flex-end' };
const justified: Record<string, string> = { ...aligned, between: 'space-between', around: 'space-around' };
const along = (map: Record<string, string>, name: string | undefined): string | undefined =>
  name === undefined ? undefined : (map[name] ?? name);

const flex = (style: CSSProperties): CSSProperties => ({ display: 'flex', minWidth: 0, ...style });

export const Flex = (p: ComponentProps<typeof hs.Flex>) => (
  <div
    data-testid={p.testId}
    style={flex({
      flexDirection: p.direction ?? 'row',
      gap: px(p.gap),
      justifyContent: along(justified, p.justify),
      alignItems: along(aligned, p.align) ?? (p.direction === 'column' ? 'stretch' : undefined),
      alignSelf: along(aligned, p.alignSelf),
      flexWrap: p.wrap === true || p.wrap === 'wrap' ? 'wrap' : undefined,
    })}
  >
    {p.children}
  </div>
);
export const Stack = (p: ComponentProps<typeof hs.Stack>) => (
  <div
    data-testid={p.testId}
    style={flex({ flexDirection: p.direction ?? 'column', gap: px(p.distance, 16), width: p.width })}
  >
    {p.children}
  </div>
);
export const Inline = (p: ComponentProps<typeof hs.Inline>) => (
  <div style={flex({ gap: px(p.gap, 8), justifyContent: along(justified, p.justify), flexWrap: 'wrap' })}>
    {p.children}
  </div>
);
export const Box = (p: ComponentProps<typeof hs.Box>) => (
  <div style={{ flex: p.flex, alignSelf: along(aligned, p.alignSelf), minWidth: 0 }}>{p.children}</div>
);
export const AutoGrid = (p: ComponentProps<typeof hs.AutoGrid>) => (
  <div
    style={{
      display: 'grid',
      gap: px(p.gap, 16),
      gridTemplateColumns: `repeat(auto-fill, minmax(min(${p.columnWidth}px, 100%), 1fr))`,
    }}
  >
    {p.children}
  </div>
);
export const Spacer = (p: ComponentProps<typeof hs.Spacer>) => <div style={{ height: px(p.size, 16) }} />;
export const Divider = () => <hr />;
export const Tile = (p: { compact?: boolean; children?: ReactNode; testId?: string }) => (
  <div data-testid={p.testId} className={p.compact === true ? 'tile compact' : 'tile'}>
    {p.children}
  </div>
);
export const Heading = (p: ComponentProps<typeof hs.Heading>) =>
  p.inline === true ? <span className="heading">{p.children}</span> : <h2>{p.children}</h2>;

export function Text(p: ComponentProps<typeof hs.Text>) {
  const { format, truncate } = p;
  const width = typeof truncate === 'object' ? truncate.maxWidth : undefined;
  const style: CSSProperties = {
    fontWeight: format?.fontWeight === 'bold' ? 700 : format?.fontWeight === 'demibold' ? 600 : undefined,
    fontStyle: format?.italic === true ? 'italic' : undefined,
    maxWidth: width,
  };
  const name = [p.variant ?? 'bodytext', ...(truncate === undefined || truncate === false ? [] : ['truncate'])].join(
    ' ',
  );
  const title = typeof truncate === 'object' ? truncate.tooltipText : undefined;
  return p.inline === true ? (
    <span className={name} style={style} title={title}>
      {p.children}
    </span>
  ) : (
    <p className={name} style={style} title={title}>
      {p.children}
    </p>
  );
}

export function List(p: ComponentProps<typeof hs.List>) {
  const items = Children.map(p.children, (child) => <li>{child}</li>);
  return p.variant?.startsWith('ordered') === true ? <ol>{items}</ol> : <ul className={p.variant}>{items}</ul>;
}
