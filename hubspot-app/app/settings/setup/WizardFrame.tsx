import type { ReactNode } from 'react';
import { Button, Divider, Flex, Heading, LoadingButton, StepIndicator, Text } from '@hubspot/ui-extensions';
import type { Problem } from '../api/problem.js';
import { words } from '../words.js';
import { ProblemAlert } from '../shared/ProblemAlert.js';
import type { Saving } from '../shared/use-draft.js';

/** Steps above, the step's page, and below: back, next, leave, and whether the draft is saved. */
export function WizardFrame(props: {
  title: string;
  stepNames: string[];
  step: number;
  onStep(step: number): void;
  /** null: this step goes on by its own button. */
  onNext: (() => void) | null;
  /** A way past steps that need nothing. */
  shortcut?: { label: string; go(): void };
  busy: boolean;
  onLeave(): void;
  leaveLabel: string;
  saving: Saving;
  savingWords: Record<Saving, string>;
  problem: Problem | null;
  hint: string;
  children: ReactNode;
}) {
  return (
    <Flex direction="column" gap="medium">
      <Flex justify="between" align="center" wrap>
        <Heading>{props.title}</Heading>
        <Button variant="transparent" size="sm" onClick={props.onLeave}>
          {props.leaveLabel}
        </Button>
      </Flex>
      <StepIndicator
        stepNames={props.stepNames}
        currentStep={props.step}
        direction="horizontal"
        onClick={props.onStep}
      />
      {props.children}
      <ProblemAlert problem={props.problem} />
      <Divider />
      <Flex justify="between" align="center" wrap gap="small">
        <Flex gap="small" align="center">
          {props.step > 0 ? <Button onClick={() => props.onStep(props.step - 1)}>{words.common.back}</Button> : null}
          {props.onNext === null ? null : (
            <LoadingButton variant="primary" loading={props.busy} onClick={props.onNext} testId="next">
              {words.common.next}
            </LoadingButton>
          )}
          {props.shortcut === undefined ? null : (
            // Not disabled while busy: it would lose the keyboard's focus, and a second press does nothing.
            <Button onClick={props.shortcut.go} testId="shortcut">
              {props.shortcut.label}
            </Button>
          )}
        </Flex>
        <Text variant="microcopy">
          {[props.hint, props.savingWords[props.saving]].filter((one) => one !== '').join(' · ')}
        </Text>
      </Flex>
    </Flex>
  );
}
