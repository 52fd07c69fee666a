import { NumberInput } from '@hubspot/ui-extensions';
import { words } from '../words.js';
import type { ContactForm } from './contact-form.js';
import { wholeNumber } from './whole-number.js';

const text = words.setup.activate;

/** How many new records a run may create before it pauses by itself (F13). */
export function CeilingInput({ form, change }: { form: ContactForm; change(part: Partial<ContactForm>): void }) {
  const { maxNewRecords } = form.options;
  return (
    <NumberInput
      name="ceiling"
      label={text.ceiling}
      description={text.ceilingHelp}
      min={0}
      precision={0}
      {...(maxNewRecords === null ? {} : { value: maxNewRecords })}
      onChange={(most) => change({ options: { ...form.options, maxNewRecords: wholeNumber(most, 0) } })}
    />
  );
}
