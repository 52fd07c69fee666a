import type { Router, SandboxRequest } from '../core/router.js';
import { hubspotError } from './answers.js';
import type { PropertyDefinition } from './property-definitions.js';
import type { Portal } from './store.js';

function propertyJson(property: PropertyDefinition): Record<string, unknown> {
  const { readOnly, ...rest } = property;
  return {
    ...rest,
    displayOrder: -1,
    hidden: false,
    formField: !readOnly,
    archived: false,
    externalOptions: false,
    dataSensitivity: 'non_sensitive',
    modificationMetadata: {
      archivable: !property.hubspotDefined,
      readOnlyDefinition: property.hubspotDefined,
      readOnlyOptions: property.hubspotDefined,
      readOnlyValue: readOnly,
    },
  };
}

/** Properties, associations and account details. */
export function addCatalogueRoutes(router: Router, portalOf: (request: SandboxRequest) => Portal): void {
  router.add('GET', '/crm/properties/2026-09/:type', 'properties.list', (request) => {
    const properties = portalOf(request).definitions(request.params['type'] ?? '');
    return { status: 200, json: { results: [...properties.values()].map(propertyJson) } };
  });
  const groupJson = (name: string, label: string): object => ({ name, label, displayOrder: -1, archived: false });
  router.add('GET', '/crm/properties/2026-09/:type/groups', 'properties.groups', (request) => {
    const groups = [...portalOf(request).propertyGroups];
    return { status: 200, json: { results: groups.map(([name, label]) => groupJson(name, label)) } };
  });
  router.add(
    'POST',
    '/crm/properties/2026-09/:type/groups',
    'properties.createGroup',
    (request) => {
      const { name = '', label = '' } = (request.json ?? {}) as { name?: string; label?: string };
      const { propertyGroups } = portalOf(request);
      if (name === '' || label === '') return hubspotError(400, 'name and label are required.');
      if (propertyGroups.has(name)) return hubspotError(409, `A group named '${name}' already exists.`);
      propertyGroups.set(name, label);
      return { status: 201, json: groupJson(name, label) };
    },
    true,
  );
  router.add('GET', '/crm/properties/2026-09/:type/:name', 'properties.get', (request) => {
    const property = portalOf(request)
      .definitions(request.params['type'] ?? '')
      .get(request.params['name'] ?? '');
    return property === undefined
      ? hubspotError(404, 'Property not found')
      : { status: 200, json: propertyJson(property) };
  });
  router.add(
    'POST',
    '/crm/properties/2026-09/:type',
    'properties.create',
    (request) => {
      const properties = portalOf(request).definitions(request.params['type'] ?? '');
      const given = request.json as PropertyDefinition;
      if (properties.has(given.name)) return hubspotError(409, `A property named '${given.name}' already exists.`);
      const property: PropertyDefinition = {
        name: given.name,
        label: given.label,
        type: given.type,
        fieldType: given.fieldType,
        groupName: given.groupName,
        description: '',
        options: given.options ?? [],
        hubspotDefined: false,
        calculated: false,
        readOnly: false,
        hasUniqueValue: given.hasUniqueValue === true,
      };
      properties.set(property.name, property);
      return { status: 201, json: propertyJson(property) };
    },
    true,
  );
  router.add(
    'PATCH',
    '/crm/properties/2026-09/:type/:name',
    'properties.update',
    (request) => {
      const property = portalOf(request)
        .definitions(request.params['type'] ?? '')
        .get(request.params['name'] ?? '');
      if (property === undefined) return hubspotError(404, 'Property not found');
      const { label, options } = request.json as Partial<PropertyDefinition>;
      if (label !== undefined) property.label = label;
      if (options !== undefined) property.options = options;
      return { status: 200, json: propertyJson(property) };
    },
    true,
  );
  router.add('POST', '/crm/associations/2026-09/:from/:to/batch/read', 'associations.batchRead', (request) => {
    const portal = portalOf(request);
    const { inputs = [] } = (request.json ?? {}) as { inputs?: { id: string }[] };
    if (inputs.length > 1000) return hubspotError(400, 'At most 1000 inputs are allowed.');
    const kind = (name: string | undefined): 'companies' | 'deals' | 'contacts' =>
      /^(compan|0-2$)/.test(name ?? '') ? 'companies' : /^(deal|0-3$)/.test(name ?? '') ? 'deals' : 'contacts';
    const [from, to] = [kind(request.params['from']), kind(request.params['to'])];
    const at = new Date().toISOString();
    const type = (typeId: number, label: string | null): object => ({ category: 'HUBSPOT_DEFINED', typeId, label });
    const partnersOf = (id: string): object[] => {
      const company = portal.companyOf.get(id);
      if (from === 'companies' && to === 'contacts') {
        const employees = [...portal.companyOf].filter(([, employer]) => employer === id).map(([contact]) => contact);
        return employees.map((contact) => ({
          toObjectId: contact,
          associationTypes: [type(2, 'Primary'), type(280, null)],
        }));
      }
      if (to === 'companies')
        return company === undefined
          ? []
          : [{ toObjectId: company, associationTypes: [type(1, 'Primary'), type(279, null)] }];
      return [...(portal.dealsOf.get(id) ?? [])].map((deal) => ({
        toObjectId: deal,
        associationTypes: [type(4, null)],
      }));
    };
    const results = inputs.flatMap(({ id }) => {
      const found = partnersOf(id);
      return found.length === 0 ? [] : [{ from: { id }, to: found }];
    });
    return { status: 200, json: { status: 'COMPLETE', results, startedAt: at, completedAt: at } };
  });
  router.add('GET', '/account-info/2026-09/details', 'account.details', (request) => ({
    status: 200,
    json: {
      portalId: Number(portalOf(request).id),
      accountType: 'STANDARD',
      timeZone: 'Europe/Berlin',
      companyCurrency: 'EUR',
      additionalCurrencies: [],
      utcOffset: '+01:00',
      utcOffsetMilliseconds: 3_600_000,
      uiDomain: 'app.hubspot.com',
      dataHostingLocation: 'eu1',
    },
  }));
}
