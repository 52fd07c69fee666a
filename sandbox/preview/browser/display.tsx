import type { ComponentProps, ReactNode } from 'react';
import type * as hs from '@hubspot/ui-extensions';

export const Alert = (p: ComponentProps<typeof hs.Alert>) => (
  <div
    className={`alert ${p.variant ?? 'info'}`}
    role={p.variant === 'danger' || p.variant === 'error' ? 'alert' : 'status'}
    data-testid={p.testId}
  >
    <strong>{p.title}</strong>
    {p.children}
  </div>
);
export const Statistics = (p: { children?: ReactNode }) => <div className="statistics">{p.children}</div>;
export const StatisticsItem = (p: ComponentProps<typeof hs.StatisticsItem>) => (
  <div className="statistic">
    <span>{p.label}</span>
    <strong>{p.number}</strong>
    {p.children}
  </div>
);
export const StatisticsTrend = (p: ComponentProps<typeof hs.StatisticsTrend>) => (
  <small>{`${p.direction === 'increase' ? '▲' : '▼'} ${p.value}`}</small>
);
export const StatusTag = (p: ComponentProps<typeof hs.StatusTag>) => (
  <span className={`status ${p.variant ?? 'default'}`}>{p.children}</span>
);
export const Tag = (p: ComponentProps<typeof hs.Tag>) => (
  <span className={`tag ${p.variant ?? 'default'}`}>{p.children}</span>
);
export const ProgressBar = (p: ComponentProps<typeof hs.ProgressBar>) => {
  const most = p.maxValue ?? p.valueMax ?? 100;
  const value = p.value ?? 0;
  return (
    <div className="progress">
      <div>
        <span>{p.title}</span>
        <span>{p.showPercentage === true ? `${Math.round((value / most) * 100)} %` : null}</span>
      </div>
      <progress value={value} max={most} aria-label={p['aria-label'] ?? p.title} />
      <small>{p.valueDescription}</small>
    </div>
  );
};
export const StepIndicator = (p: ComponentProps<typeof hs.StepIndicator>) => (
  <ol className={`steps ${p.direction ?? 'horizontal'}`}>
    {p.stepNames.map((name, at) => (
      <li
        key={name}
        className={at < (p.currentStep ?? 0) ? 'done' : undefined}
        aria-current={at === p.currentStep ? 'step' : undefined}
      >
        <button type="button" onClick={() => p.onClick?.(at)}>
          <span aria-hidden="true">{at + 1}</span>
          {name}
        </button>
      </li>
    ))}
  </ol>
);
export const EmptyState = (p: ComponentProps<typeof hs.EmptyState>) => (
  <div className="empty" data-testid={p.testId}>
    <h3>{p.title}</h3>
    {p.children}
  </div>
);
export const ErrorState = (p: ComponentProps<typeof hs.ErrorState>) => (
  <div className="empty" role="alert" data-testid={p.testId}>
    <h3>{p.title}</h3>
    {p.children}
  </div>
);
export const LoadingSpinner = (p: ComponentProps<typeof hs.LoadingSpinner>) => (
  <div className={`loading ${p.layout ?? 'inline'}`} role="status" aria-label={p.label}>
    <span className="spinner" aria-hidden="true" />
    {p.showLabel === true ? p.label : null}
  </div>
);
export const DescriptionList = (p: ComponentProps<typeof hs.DescriptionList>) => (
  <dl className={p.direction ?? 'column'}>{p.children}</dl>
);
export const DescriptionListItem = (p: ComponentProps<typeof hs.DescriptionListItem>) => (
  <div>
    <dt>{p.label}</dt>
    <dd>{p.children}</dd>
  </div>
);
export const Icon = (p: ComponentProps<typeof hs.Icon>) => (
  <span role="img" aria-label={p.screenReaderText ?? p.name}>
    ◆
  </span>
);
export const Illustration = (p: ComponentProps<typeof hs.Illustration>) => (
  <span role="img" aria-label={p.alt} className="illustration" style={{ width: p.width, height: p.height }} />
);
export const Image = (p: ComponentProps<typeof hs.Image>) => (
  <img src={p.src} alt={p.alt ?? ''} width={p.width} height={p.height} />
);
export const ScoreCircle = (p: ComponentProps<typeof hs.ScoreCircle>) => <strong className="score">{p.score}</strong>;
export const Tooltip = (p: { children?: ReactNode }) => <span role="tooltip">{p.children}</span>;
