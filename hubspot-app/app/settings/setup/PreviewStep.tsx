import { useState } from 'react';
import { Alert, Button, ErrorState, Flex, Heading, LoadingSpinner, Text } from '@hubspot/ui-extensions';
import type { Preview } from '../api-types.js';
import { words } from '../words.js';
import { LoadedView } from '../shared/LoadedView.js';
import { usePlatform } from '../shared/platform.js';
import { useLoad } from '../shared/use-load.js';
import { PreviewNumbers } from './PreviewNumbers.js';
import { PreviewPeople } from './PreviewPeople.js';

const text = words.preview;
const askAgainMs = 1_000;
const sampleOf = 500;

const working = ({ state }: Preview): boolean => state === 'queued' || state === 'running';

/** The dry run of a connection: begun by itself, asked for until it is ready. */
export function PreviewStep({ connectionId }: { connectionId: string }) {
  const { api, number } = usePlatform();
  const [wanted, setWanted] = useState<{ turn: number; people: number | undefined }>({ turn: 0, people: undefined });
  const started = useLoad(`preview ${connectionId} ${wanted.turn}`, () =>
    api.startPreview(connectionId, wanted.people),
  );
  const previewId = started.data?.previewId ?? null;
  const preview = useLoad(
    `preview ${connectionId} ${previewId}`,
    async () => (previewId === null ? null : await api.preview(connectionId, previewId)),
    (known) => (previewId !== null && (known === null || working(known)) ? askAgainMs : null),
  );
  const again = (people?: number): void => setWanted(({ turn }) => ({ turn: turn + 1, people }));
  return (
    <Flex direction="column" gap="medium">
      <Heading>{text.title}</Heading>
      <Text>{text.intro}</Text>
      <LoadedView from={started}>
        {() => (
          <LoadedView from={preview}>
            {(known) => {
              if (known === null) return <LoadingSpinner label={words.common.loading} showLabel />;
              if (known.state === 'failed')
                return (
                  <ErrorState title={text.failed}>
                    <Text>{known.error ?? words.problem.tryAgain}</Text>
                    <Button onClick={() => again()}>{text.again}</Button>
                  </ErrorState>
                );
              if (working(known))
                return (
                  <Flex direction="column" gap="small">
                    <LoadingSpinner label={text.working(number(known.examined))} showLabel />
                    <Text variant="microcopy">{text.wait}</Text>
                    {wanted.people === undefined ? (
                      <Flex>
                        <Button size="sm" onClick={() => again(sampleOf)}>
                          {text.sampleFirst}
                        </Button>
                      </Flex>
                    ) : null}
                  </Flex>
                );
              return (
                <Flex direction="column" gap="medium">
                  {known.isSample ? <Alert title={text.isSample(number(known.examined))} variant="info" /> : null}
                  {known.examined === 0 ? (
                    <Alert title={text.nobody} variant="warning">
                      <Text>{text.nobodyText}</Text>
                    </Alert>
                  ) : (
                    <>
                      <PreviewNumbers preview={known} />
                      <PreviewPeople connectionId={connectionId} preview={known} />
                    </>
                  )}
                  <Flex>
                    <Button size="sm" onClick={() => again()}>
                      {text.again}
                    </Button>
                  </Flex>
                </Flex>
              );
            }}
          </LoadedView>
        )}
      </LoadedView>
    </Flex>
  );
}
