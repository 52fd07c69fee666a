import { startHubspot, type HubspotSandbox } from '../../sandbox/hubspot/index.js';
import { startKlaviyo, type KlaviyoSandbox } from '../../sandbox/klaviyo/index.js';
import { loadScope } from '../../server/contacts/account-scope.js';
import { drain } from '../../server/contacts/drain.js';
import type { ScanCursor } from '../../server/contacts/pass-of.js';
import { RunPipeline } from '../../server/contacts/run-pipeline.js';
import { nothingAhead, scanPage } from '../../server/contacts/scan-page.js';
import { catalogueOf } from '../../server/rules/mappings.js';
import { acquireLease, releaseLease } from '../../server/store/lease.js';
import { nextRun, queueRun } from '../../server/store/runs.js';
import { openSteps, type StepWorld } from './sync-context.js';
import { openTestDatabase, type TestDatabase } from './test-database.js';

type Portal = HubspotSandbox['portals'] extends Map<string, infer One> ? One : never;
type Account = KlaviyoSandbox['accounts'] extends Map<string, infer One> ? One : never;

/** A connection of everybody with everybody, two-way, whose first names and phone numbers are mapped; no service around it. */
export interface Everybody {
  database: TestDatabase;
  hubspot: HubspotSandbox;
  klaviyo: KlaviyoSandbox;
  steps: StepWorld;
  portal: Portal;
  account: Account;
  contact(email: string, properties?: Record<string, string>): ReturnType<Portal['create']>;
  profile(email: string, more?: { first_name?: string; phone_number?: string }): ReturnType<Account['create']>;
  profileOf(email: string): ReturnType<Account['create']> | undefined;
  contactOf(email: string): ReturnType<Portal['create']> | undefined;
  /** Calls of an operation to either vendor. */
  count(operation: string): number;
  /** A run whose both sides are read, and who could be worked on meanwhile; what follows has not begun. */
  readBothSides(mayWrite?: () => void): Promise<string>;
  /** Works off everything, the open run included. */
  goOn(): Promise<void>;
  close(): Promise<void>;
}

/** Opens a world of its own: stand-ins without limits, a database, the connection active and nobody in it. Close it afterwards. */
export async function openEverybody(): Promise<Everybody> {
  const [database, hubspot, klaviyo] = await Promise.all([
    openTestDatabase(),
    startHubspot({ limits: false, searchLagMs: 0 }),
    startKlaviyo({ limits: false, importMs: 20 }),
  ]);
  const field = (name: string, type: string, fieldType: string) => ({
    object: 'contact' as const,
    name,
    label: name,
    type,
    fieldType,
    readOnly: false,
  });
  const attribute = (name: string) => ({
    kind: 'attribute' as const,
    name,
    label: name,
    type: 'string' as const,
    readOnly: false,
  });
  const steps = await openSteps(
    database,
    hubspot,
    klaviyo,
    {
      direction: 'two_way',
      rules: {
        hubspotToKlaviyo: [{ source: { all: true }, klaviyoListId: 'CstHub' }],
        klaviyoToHubspot: [{ source: { all: true } }],
      },
      mappings: [
        ['firstname', 'first_name'],
        ['phone', 'phone_number'],
      ].map(([property, name]) => ({
        hubspot: { object: 'contact', property },
        klaviyo: { kind: 'attribute', name },
        direction: 'both',
        winner: null,
        emptyToo: false,
      })),
      options: {
        winner: 'hubspot',
        limit: null,
        stage: 'all',
        maxNewRecords: null,
        subscribe: false,
        resubscribe: false,
        carryOptOuts: 'to_hubspot',
        unsubscribeOnExit: false,
        createInKlaviyo: true,
        createInHubspot: true,
        defaultRegion: 'DE',
      },
    },
    undefined,
    catalogueOf(
      [field('firstname', 'string', 'text'), field('phone', 'phone_number', 'phonenumber')],
      [attribute('first_name'), attribute('phone_number')],
    ),
  );
  const { db } = database;
  const { ctx, klaviyoAccountId, portalId, connectionId } = steps;
  const portal = hubspot.portals.get(portalId)!;
  const account = klaviyo.accounts.get('TANDM1')!;
  return {
    database,
    hubspot,
    klaviyo,
    steps,
    portal,
    account,
    contact: (email, properties = {}) => portal.create('contacts', { email, ...properties }, 'CRM_UI'),
    profile(email, { first_name, phone_number } = {}) {
      const made = account.create();
      account.identify(made, { email, ...(phone_number === undefined ? {} : { phone_number }) });
      made.first_name = first_name ?? null;
      account.touch(made);
      return made;
    },
    profileOf: (email) => account.holder({ email })[0],
    contactOf: (email) => [...portal.contacts.values()].find((one) => one.properties['email'] === email),
    count(operation) {
      const { byOperation } = hubspot.calls.summary();
      return { ...byOperation, ...klaviyo.calls.summary().byOperation }[operation]?.count ?? 0;
    },
    async readBothSides(mayWrite = () => undefined) {
      const runId = await queueRun(db, { id: connectionId, portalId, klaviyoAccountId }, 'manual');
      const lease = (await acquireLease(db, `drain:${klaviyoAccountId}`, 'test', 30))!;
      const scope = (await loadScope(ctx, klaviyoAccountId))!;
      const reading = { ahead: nothingAhead(ctx), pipeline: new RunPipeline(1) };
      try {
        for (;;) {
          const run = (await nextRun<ScanCursor>(db, klaviyoAccountId))!;
          if ((run.cursor?.index ?? 0) > 0) break;
          await scanPage(ctx, scope, lease, run, mayWrite, reading);
        }
      } finally {
        await releaseLease(db, lease);
      }
      return runId;
    },
    async goOn() {
      await db.query('update change set due_at = now()');
      await drain(ctx, klaviyoAccountId, new AbortController().signal);
    },
    async close() {
      await Promise.all([hubspot.close(), klaviyo.close()]);
      await database.close();
    },
  };
}
