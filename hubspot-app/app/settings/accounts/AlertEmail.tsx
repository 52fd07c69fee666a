import { useState } from 'react';
import { Flex, Form, Input, LoadingButton } from '@hubspot/ui-extensions';
import { words } from '../words.js';
import { usePlatform } from '../shared/platform.js';
import { ProblemAlert } from '../shared/ProblemAlert.js';
import { useAction } from '../shared/use-action.js';

const text = words.accounts;

/** Where the owner hears of alerts beside this page (F14). */
export function AlertEmail({ known, onSaved }: { known: string | null; onSaved(): void }) {
  const { api, tell } = usePlatform();
  const [email, setEmail] = useState(known ?? '');
  const saving = useAction(async () => {
    await api.setAlertEmail(email.trim() === '' ? null : email.trim());
    tell('success', text.saved);
    onSaved();
  });
  return (
    <Form onSubmit={() => saving.start()} preventDefault>
      <Flex direction="column" gap="small">
        <Input
          name="alert-email"
          label={text.alertEmail}
          description={text.alertHelp}
          value={email}
          onInput={setEmail}
          onChange={setEmail}
        />
        <ProblemAlert problem={saving.problem} />
        <Flex>
          <LoadingButton type="submit" size="sm" loading={saving.busy} testId="save-alert-email">
            {text.save}
          </LoadingButton>
        </Flex>
      </Flex>
    </Form>
  );
}
