import { useState } from 'react';
import { Button, Flex, LoadingButton } from '@hubspot/ui-extensions';
import type { IssueFilter } from '../api-types.js';
import { words } from '../words.js';
import { usePlatform } from '../shared/platform.js';
import { ProblemAlert } from '../shared/ProblemAlert.js';
import { useAction } from '../shared/use-action.js';

const text = words.issues;

/**
 * The issues as a file. A page in HubSpot cannot save one, so it asks for a link and then offers it; the link is for
 * these issues and works for some minutes.
 */
export function DownloadIssues({ filter, disabled = false }: { filter: IssueFilter; disabled?: boolean }) {
  const { api, now, after } = usePlatform();
  const [url, setUrl] = useState<string | null>(null);
  const preparing = useAction(async () => {
    const link = await api.issuesFile(filter);
    setUrl(link.url);
    after(Date.parse(link.expiresAt) - now().getTime(), () => setUrl(null));
  });
  return (
    <Flex direction="column" gap="small" align="start">
      {url === null ? (
        <LoadingButton size="sm" loading={preparing.busy} disabled={disabled} onClick={() => preparing.start()}>
          {text.file}
        </LoadingButton>
      ) : (
        <Button size="sm" variant="primary" href={{ url, external: true }}>
          {text.download}
        </Button>
      )}
      <ProblemAlert problem={preparing.problem} />
    </Flex>
  );
}
