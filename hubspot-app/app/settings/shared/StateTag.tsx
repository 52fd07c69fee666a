import { StatusTag } from '@hubspot/ui-extensions';
import type { ConnectionState } from '../api-types.js';
import { words } from '../words.js';

const variants = {
  draft: 'default',
  initial_sync: 'info',
  active: 'success',
  paused: 'warning',
  stopped: 'danger',
} as const;

export function StateTag({ state }: { state: ConnectionState }) {
  return <StatusTag variant={variants[state]}>{words.common.states[state]}</StatusTag>;
}
