import type { TestDatabase } from './test-database.js';

export const contactTables = [
  'link',
  'standing',
  'change',
  'history',
  'issue',
  'consent',
  'tombstone',
  'list_member',
  'list_write',
  'usage_contact',
  'run',
  'connection',
  'preview',
  'preview_person',
];
export const activityTables = [
  'activity',
  'activity_day',
  'app_event_due',
  'email_message',
  'engaged_contact',
  'engaged_deal',
  'engagement_count',
  'rollup',
  'event_stream',
  'run',
];

/**
 * From now on the database refuses that rows of people are written by anybody but the role behind row-level security:
 * work for a portal that runs outside of its scope fails.
 */
export async function onlyAsPortal({ db }: TestDatabase, tables: readonly string[]): Promise<void> {
  await db.query(`create function only_as_portal() returns trigger language plpgsql as $$
    begin
      if current_user <> 'tandem_portal' then
        raise exception 'A row of % was written outside of its portal''s scope.', tg_table_name;
      end if;
      return null;
    end $$`);
  for (const table of tables)
    await db.query(
      `create trigger only_as_portal after insert or update on ${table} for each row execute function only_as_portal()`,
    );
}
