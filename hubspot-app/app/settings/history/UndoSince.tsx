import { useState } from 'react';
import { Accordion, DateInput, Flex, TimeInput } from '@hubspot/ui-extensions';
import { words } from '../words.js';
import { UndoButton } from './UndoButton.js';

const text = words.history;

interface Day {
  year: number;
  /** January is 0. */
  month: number;
  date: number;
}

/** Takes back everything a connection wrote since a moment. */
export function UndoSince({ connectionId, onUndone }: { connectionId: string; onUndone(): void }) {
  const [day, setDay] = useState<Day | null>(null);
  const [time, setTime] = useState({ hours: 0, minutes: 0 });
  const since = day === null ? null : new Date(day.year, day.month, day.date, time.hours, time.minutes).toISOString();
  return (
    <Accordion title={text.undoSince} size="sm">
      <Flex direction="column" gap="small">
        <Flex gap="small" align="end" wrap>
          <DateInput
            name="undo-day"
            label={text.sinceDate}
            timezone="userTz"
            onChange={({ year, month, date }) => setDay({ year, month, date })}
          />
          <TimeInput
            name="undo-time"
            label={text.sinceTime}
            timezone="userTz"
            value={time}
            onChange={({ hours, minutes }) => setTime({ hours, minutes })}
          />
          <UndoButton
            id={`undo-since-${connectionId}`}
            label={text.sinceLook}
            subject={{ connectionId, since: since ?? '' }}
            disabled={since === null}
            onUndone={onUndone}
          />
        </Flex>
      </Flex>
    </Accordion>
  );
}
