import { Router, type Request } from 'express';
import { NeedsPerson } from '../errors.js';
import { findKlaviyoAccount } from '../store/klaviyo-accounts.js';
import { searchLists } from '../vendors/hubspot/lists.js';
import { readDealPipelines } from '../vendors/hubspot/pipelines.js';
import { readCampaigns, readFlows } from '../vendors/klaviyo/messages.js';
import { readLists } from '../vendors/klaviyo/lists.js';
import { readSegments } from '../vendors/klaviyo/segments.js';
import { notFound } from './api-error.js';
import type { ApiDependencies } from './dependencies.js';
import { pageSchema } from './schema.js';
import { callerOf } from './signed.js';

interface Item {
  id: string;
  name: string;
}

/** Klaviyo hands out lists ten at a time: what was read whole is kept for a minute, so that typing in a picker is quick. */
const keptMs = 60_000;
const mostKept = 500;

/** What a person chooses from: HubSpot lists and deal pipelines, Klaviyo lists, segments, flows and campaigns; `?search=`. */
export function pickerRoutes(deps: ApiDependencies): Router {
  const router = Router();
  const kept = new Map<string, { at: number; items: Promise<Item[]> }>();
  const remembered = (key: string, read: () => Promise<Item[]>): Promise<Item[]> => {
    const known = kept.get(key);
    if (known !== undefined && deps.clock().getTime() - known.at < keptMs) return known.items;
    const items = read();
    if (kept.size >= mostKept) kept.clear();
    kept.set(key, { at: deps.clock().getTime(), items });
    // A failed read is not remembered.
    items.catch(() => kept.delete(key));
    return items;
  };
  const accountId = async (request: Request): Promise<string> => {
    const account = await findKlaviyoAccount(deps.db, callerOf(request).portalId, String(request.params['id']));
    if (account === null) throw notFound('Klaviyo account');
    return account.id;
  };

  router.get('/hubspot/lists', async (request, response) => {
    const { cursor, limit } = pageSchema.parse(request.query);
    const { lists, next } = await searchLists(deps.hubspot(callerOf(request).portalId), {
      query: searchOf(request),
      offset: startOf(cursor),
      count: limit,
    });
    response.json({ results: lists, next: next === null ? null : String(next) });
  });
  router.get('/hubspot/pipelines', async (request, response) => {
    const { portalId } = callerOf(request);
    const all = remembered(`${portalId} pipelines`, () => readDealPipelines(deps.hubspot(portalId)));
    response.json(foundIn(await all.catch(sayOfDeals), request));
  });
  const klaviyoPicker = (kind: string, read: (id: string) => Promise<Item[]>): void => {
    router.get(`/klaviyo-accounts/:id/${kind}`, async (request, response) => {
      const id = await accountId(request);
      response.json(foundIn(await remembered(`${id} ${kind}`, () => read(id)), request));
    });
  };
  klaviyoPicker('lists', async (id) =>
    (await readLists(deps.klaviyo(id))).map(({ id: listId, name, optIn }) => ({
      id: listId,
      name,
      ...(optIn === undefined ? {} : { optIn }),
    })),
  );
  klaviyoPicker('segments', async (id) =>
    (await readSegments(deps.klaviyo(id))).map(({ id: segmentId, name }) => ({ id: segmentId, name })),
  );
  klaviyoPicker('flows', (id) => readFlows(deps.klaviyo(id)));
  klaviyoPicker('campaigns', (id) => readCampaigns(deps.klaviyo(id)));
  return router;
}

/** Reading deals is a permission that an account need not grant: what is missing then, in words (E12). */
function sayOfDeals(error: unknown): never {
  if (!(error instanceof NeedsPerson) || error.code !== 'missing_scope') throw error;
  throw new NeedsPerson(
    error.code,
    'HubSpot does not let the app read deals, so their pipelines are not known here.',
    'Install the app again and allow it to read deals, or choose no deals on the connection.',
    'hubspot',
    { cause: error },
  );
}

/** The page that was asked for, of those whose name has the text searched. */
function foundIn(items: readonly Item[], request: Request): { results: Item[]; next: string | null } {
  const { cursor, limit } = pageSchema.parse(request.query);
  const search = searchOf(request).toLowerCase();
  const found = items.filter((item) => item.name.toLowerCase().includes(search));
  const start = startOf(cursor);
  const end = start + limit;
  return { results: found.slice(start, end), next: end < found.length ? String(end) : null };
}

const searchOf = (request: Request): string =>
  typeof request.query['search'] === 'string' ? request.query['search'].slice(0, 100) : '';

/** Cursors of pickers are offsets; anything else begins at the beginning. */
const startOf = (cursor: string | undefined): number => (/^\d{1,7}$/.test(cursor ?? '') ? Number(cursor) : 0);
