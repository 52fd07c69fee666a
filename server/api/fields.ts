import { Router } from 'express';
import type { Catalogue } from '../rules/mappings.js';
import { proposedMappings } from '../rules/proposed-mappings.js';
import { keepKlaviyoFields, knownFields } from '../store/contact-connections.js';
import { findKlaviyoAccount } from '../store/klaviyo-accounts.js';
import { notFound } from './api-error.js';
import { catalogueFor } from './catalogue.js';
import type { ApiDependencies } from './dependencies.js';
import { fieldsQuerySchema, newPropertySchema, refreshFieldsSchema } from './schema.js';
import { callerOf } from './signed.js';

/** Without the options of lists to choose from 900 properties stay far below the megabyte that HubSpot passes on. */
const fieldsJson = (catalogue: Catalogue, withOptions: boolean): Record<string, unknown> => ({
  hubspot: [...catalogue.hubspot.values()].map(({ options, ...field }) =>
    withOptions && options !== undefined ? { ...field, options } : field,
  ),
  klaviyo: [...catalogue.klaviyo.values()],
  proposed: proposedMappings(catalogue),
});

/** Fields of both sides, re-reading them (D10), and adding a Klaviyo property by name (D9). */
export function fieldRoutes(deps: ApiDependencies): Router {
  const router = Router();
  const accountOf = async (portalId: string, id: string): Promise<string> => {
    const account = await findKlaviyoAccount(deps.db, portalId, id);
    if (account === null) throw notFound('Klaviyo account');
    return account.id;
  };
  router.get('/fields', async (request, response) => {
    const { portalId } = callerOf(request);
    const { klaviyoAccountId, options } = fieldsQuerySchema.parse(request.query);
    const catalogue = await catalogueFor(deps, portalId, await accountOf(portalId, klaviyoAccountId));
    response.json(fieldsJson(catalogue, options));
  });
  router.post('/fields/refresh', async (request, response) => {
    const { portalId } = callerOf(request);
    const { klaviyoAccountId, options } = refreshFieldsSchema.parse(request.body);
    const catalogue = await catalogueFor(deps, portalId, await accountOf(portalId, klaviyoAccountId), true);
    response.json(fieldsJson(catalogue, options));
  });
  router.post('/fields/klaviyo', async (request, response) => {
    const { portalId } = callerOf(request);
    const given = newPropertySchema.parse(request.body);
    const id = await accountOf(portalId, given.klaviyoAccountId);
    await catalogueFor(deps, portalId, id);
    const fields = (await knownFields(deps.db, id)).klaviyo ?? [];
    // Names are case-sensitive; one that exists is used again.
    let field = fields.find((one) => one.kind === 'property' && one.name === given.name);
    if (field === undefined) {
      // Klaviyo has no call that makes a property: it comes to be with the first value written to it.
      field = { kind: 'property', name: given.name, label: given.name, type: given.type, readOnly: false };
      await keepKlaviyoFields(deps.db, id, [...fields, field]);
    }
    response.status(201).json(field);
  });
  return router;
}
