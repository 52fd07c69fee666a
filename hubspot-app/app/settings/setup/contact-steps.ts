export type StepName = 'connect' | 'who' | 'fields' | 'consent' | 'preview' | 'activate' | 'save';

export const setupSteps: StepName[] = ['connect', 'who', 'fields', 'consent', 'preview', 'activate'];
/** Of a connection that syncs already: the account stays, and saving takes the place of preview and activation. */
export const editSteps: StepName[] = ['who', 'fields', 'consent', 'save'];

/** The step where the field that the service complains of is found. */
export function stepOfField(field: string | null): StepName | null {
  if (field === null) return null;
  if (field.startsWith('klaviyoAccountId')) return 'connect';
  if (field.startsWith('mappings')) return 'fields';
  if (field.startsWith('rules') || field.startsWith('direction')) return 'who';
  return null;
}
