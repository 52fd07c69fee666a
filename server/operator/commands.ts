import { noteErasures } from '../store/erasures.js';
import { eraseDue } from '../contacts/erase.js';
import { explain } from '../contacts/explain.js';
import { pause, resume, sync } from '../contacts/lifecycle.js';
import type { SyncContext } from '../contacts/sync-context.js';
import { findConnection, type Connection } from '../store/connections.js';
import { acquireLease, releaseLease } from '../store/lease.js';
import { issueGroups } from '../store/issue-list.js';
import { connectionRows, portalOfConnection, portalRows } from '../store/operator.js';
import { removeApp } from '../oauth/remove-app.js';
import { doctor, type Finding } from './doctor.js';
import { rotateKeys } from './rotate-keys.js';
import type { OperatorContext } from './operator-context.js';

/** What a command answers: shown as a table, or as JSON with `--json`. `failed` makes the exit status 1. */
export interface CommandAnswer {
  rows: Record<string, unknown>[];
  failed?: boolean;
}

export interface Command {
  /** What stands behind its name. */
  usage: string;
  does: string;
  run(ctx: OperatorContext, given: string[]): Promise<CommandAnswer>;
}

/** Something the operator got wrong: shown without a stack. */
export class Misuse extends Error {
  override readonly name = 'Misuse';
}

const needed = (value: string | undefined, what: string): string => {
  if (value === undefined || value === '') throw new Misuse(`Name ${what}.`);
  return value;
};

async function connectionNamed(sync: SyncContext, id: string | undefined): Promise<Connection> {
  const given = needed(id, 'a connection by its id (see `connections`)');
  const portalId = await portalOfConnection(sync.db, given);
  const connection = portalId === null ? null : await findConnection(sync.db, portalId, given);
  if (connection === null) throw new Misuse(`There is no connection ${given}.`);
  return connection;
}

/** What doctor found, as an answer. */
export const diagnosis = (rows: Finding[]): CommandAnswer => ({
  rows,
  failed: rows.some(({ state }) => state === 'broken'),
});

/** `npm run tandem -- <command>`: what an operator does from a shell. */
export const commands: Record<string, Command> = {
  doctor: {
    usage: '',
    does: 'Looks at environment, database, keys, vendors and deadlines',
    async run(ctx) {
      return diagnosis(await doctor({ config: ctx.config, now: ctx.sync.clock(), database: ctx.sync }));
    },
  },
  portals: {
    usage: '',
    does: 'Lists the portals with their state and usage',
    run: async ({ sync: { db } }) => ({ rows: await portalRows(db) }),
  },
  connections: {
    usage: '[portalId]',
    does: 'Lists connections with state, counts and lag',
    run: async ({ sync: { db } }, [portalId]) => ({ rows: await connectionRows(db, portalId ?? null) }),
  },
  issues: {
    usage: '<portalId>',
    does: 'Open issues of a portal by cause',
    run: async ({ sync: { db } }, [portalId]) => ({
      rows: (await issueGroups(db, needed(portalId, 'a portal'), {})).map((group) => ({ ...group })),
    }),
  },
  pause: {
    usage: '<connectionId>',
    does: 'Rests a connection; nobody is removed or unsubscribed',
    async run(ctx, [id]) {
      const connection = await connectionNamed(ctx.sync, id);
      await pause(ctx.sync, connection);
      return { rows: [{ connection: connection.id, state: 'paused' }] };
    },
  },
  resume: {
    usage: '<connectionId>',
    does: 'Goes on after a pause; a run catches up',
    async run(ctx, [id]) {
      const connection = await connectionNamed(ctx.sync, id);
      return { rows: [{ connection: connection.id, ...(await resume(ctx.sync, connection)) }] };
    },
  },
  resync: {
    usage: '<connectionId>',
    does: 'Goes over everybody of a connection once more',
    async run(ctx, [id]) {
      const connection = await connectionNamed(ctx.sync, id);
      if (connection.state !== 'active' && connection.state !== 'initial_sync')
        throw new Misuse(`The connection is ${connection.state}; resume it first.`);
      return { rows: [{ connection: connection.id, ...(await sync(ctx.sync, connection)) }] };
    },
  },
  explain: {
    usage: '<portalId> <email>',
    does: 'Why a person is in this state, step by step',
    async run(ctx, [portalId, email]) {
      const { steps } = await explain(ctx.sync, needed(portalId, 'a portal'), {
        email: needed(email, 'an email address'),
      });
      return { rows: steps.map(({ step, decision, because, detail }) => ({ step, decision, because, detail })) };
    },
  },
  erase: {
    usage: '<portalId> <hubspotContactId>',
    does: 'Erases everything kept of one contact, as HubSpot’s privacy deletion does',
    async run(ctx, [portalId, hubspotId]) {
      const id = needed(hubspotId, 'a HubSpot contact id');
      const accounts = await noteErasures(ctx.sync.db, needed(portalId, 'a portal'), [id]);
      for (const account of accounts) {
        const lease = await acquireLease(ctx.sync.db, `drain:${account}`, `${ctx.sync.owner}:operator`, 30);
        // Held by a drain: the request is noted, and the drain carries it out at its next turn.
        if (lease === null) continue;
        try {
          await eraseDue(ctx.sync, account, lease);
        } finally {
          await releaseLease(ctx.sync.db, lease);
        }
      }
      return { rows: [{ contact: id, accounts: accounts.length }] };
    },
  },
  uninstall: {
    usage: '<portalId>',
    does: 'Removes the app from a portal: HubSpot and Klaviyo forget it, tokens go; configuration stays 30 days',
    async run({ sync, config }, [portalId]) {
      const id = needed(portalId, 'a portal');
      const { clientId, clientSecret, apiUrl, appUrl } = config.klaviyo;
      const klaviyoApp = clientId === null || clientSecret === null ? null : { clientId, clientSecret, apiUrl, appUrl };
      const removed = await removeApp(
        {
          db: sync.db,
          log: sync.log,
          sealer: sync.sealer,
          hubspotApp: config.hubspot,
          klaviyoApp,
          hubspot: (one) => sync.hubspot(one, 'person'),
          klaviyo: (one) => sync.klaviyo(one, 'person'),
        },
        id,
      );
      if (!removed) throw new Misuse(`The app is not installed in portal ${id}.`);
      return { rows: [{ portal: id, state: 'uninstalled' }] };
    },
  },
  'rotate-keys': {
    usage: '',
    does: 'Seals every secret with the first of ENCRYPTION_KEYS, so that older keys can be taken away',
    run: async (ctx) => ({ rows: [await rotateKeys(ctx.sync)] }),
  },
};
