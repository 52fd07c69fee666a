import { form, link, page, table } from '../core/html.js';
import type { CallLog } from '../core/calls.js';
import type { Router, SandboxRequest } from '../core/router.js';
import { Refusal } from '../core/server.js';
import { makePeople } from '../seed/people.js';
import { hubspotError, invalidMessage } from './answers.js';
import { recordJson } from './objects.js';
import type { Tokens } from './oauth.js';
import { checkProperties } from './property-values.js';
import type { CrmRecord, Portal } from './store.js';
import type { WebhookBehaviour, Webhooks } from './webhooks.js';

export interface Controls {
  portals: Map<string, Portal>;
  tokens: Tokens;
  webhooks: Webhooks;
  calls: () => CallLog;
  setLimits: (enabled: boolean) => void;
}

/** What people do in HubSpot, switches for tests, and pages to look around. None of it is limited or counted. */
export function addControlRoutes(router: Router, controls: Controls): void {
  const { portals, webhooks } = controls;
  const portalOf = (request: SandboxRequest): Portal => {
    const portal = portals.get(request.params['portalId'] ?? '');
    if (portal === undefined) throw new Refusal(hubspotError(404, 'There is no such portal.'));
    return portal;
  };
  const contactOf = (request: SandboxRequest): CrmRecord => {
    const record = portalOf(request).contacts.get(request.params['id'] ?? '');
    if (record === undefined) throw new Refusal(hubspotError(404, 'There is no such contact.'));
    return record;
  };
  const allNames = (portal: Portal): string[] => [...portal.contactProperties.keys()];
  const edit = (portal: Portal, record: CrmRecord | null, given: Record<string, unknown>): CrmRecord => {
    const { values, invalid } = checkProperties(portal, 'contacts', given, record?.properties ?? {});
    if (invalid.length > 0) throw new Refusal(hubspotError(400, invalidMessage(invalid)));
    const holder = portal.emails.get(values['email'] ?? '');
    if (holder !== undefined && holder !== record?.id)
      throw new Refusal(hubspotError(409, `Contact already exists. Existing ID: ${holder}`));
    if (record === null) return portal.create('contacts', values, 'CRM_UI');
    portal.update('contacts', record, values, 'CRM_UI');
    return record;
  };

  const contacts = '/_sandbox/portals/:portalId/contacts';
  router.add('GET', '/_sandbox/portals', 'sandbox', () => ({
    status: 200,
    json: {
      portals: [...portals.values()].map((portal) => ({
        id: portal.id,
        name: portal.name,
        contacts: portal.contacts.size,
        installed: portal.installed,
      })),
    },
  }));
  router.add('GET', contacts, 'sandbox', (request) => {
    const portal = portalOf(request);
    const email = request.query.get('email')?.toLowerCase();
    const after = Number(request.query.get('after') ?? 0);
    const limit = Number(request.query.get('limit') ?? 1000);
    const found: unknown[] = [];
    for (const record of portal.contacts.values()) {
      if (Number(record.id) <= after || (email !== undefined && portal.emails.get(email) !== record.id)) continue;
      found.push(recordJson(portal, record, allNames(portal)));
      if (found.length === limit) break;
    }
    return { status: 200, json: { results: found } };
  });
  // Records of any type by name, for whoever shows a record page.
  router.add('GET', '/_sandbox/portals/:portalId/records/:type', 'sandbox', (request) => {
    const portal = portalOf(request);
    const type = request.params['type'] ?? '';
    const search = request.query.get('search')?.toLowerCase() ?? '';
    const results = [];
    for (const { id, properties } of portal.table(type)?.values() ?? []) {
      const { firstname, lastname, email, name, dealname } = properties;
      const title = name ?? dealname ?? ([firstname, lastname].filter(Boolean).join(' ') || (email ?? id));
      if (id !== search && !`${title} ${email ?? ''}`.toLowerCase().includes(search)) continue;
      results.push({ id, title, properties });
      if (results.length === 50) break;
    }
    return { status: 200, json: { results } };
  });
  router.add('GET', `${contacts}/:id`, 'sandbox', (request) => ({
    status: 200,
    json: recordJson(portalOf(request), contactOf(request), allNames(portalOf(request))),
  }));
  router.add('POST', contacts, 'sandbox', (request) => {
    const portal = portalOf(request);
    return {
      status: 201,
      json: recordJson(
        portal,
        edit(portal, null, (request.json as { properties: Record<string, unknown> }).properties),
        allNames(portal),
      ),
    };
  });
  router.add('PATCH', `${contacts}/:id`, 'sandbox', (request) => {
    const portal = portalOf(request);
    return {
      status: 200,
      json: recordJson(
        portal,
        edit(portal, contactOf(request), (request.json as { properties: Record<string, unknown> }).properties),
        allNames(portal),
      ),
    };
  });
  router.add('DELETE', `${contacts}/:id`, 'sandbox', (request) => {
    const portal = portalOf(request);
    if (request.query.get('privacy') === 'true') portal.erase(contactOf(request));
    else portal.archive('contacts', contactOf(request), 'CRM_UI');
    return { status: 204 };
  });
  router.add('POST', '/_sandbox/portals/:portalId/merge', 'sandbox', (request) => {
    const portal = portalOf(request);
    const { primary, other } = request.json as { primary: string; other: string };
    const [one, two] = [portal.contacts.get(primary), portal.contacts.get(other)];
    if (one === undefined || two === undefined) return hubspotError(404, 'There is no such contact.');
    return { status: 200, json: recordJson(portal, portal.merge(one, two, 'CRM_UI'), allNames(portal)) };
  });
  // A person clicks "unsubscribe from all" in an email of HubSpot's.
  router.add('POST', '/_sandbox/portals/:portalId/opt-out', 'sandbox', (request) => {
    const portal = portalOf(request);
    const email = (request.json as { email: string }).email.trim().toLowerCase();
    portal.optedOut.add(email);
    const contact = portal.contacts.get(portal.emails.get(email) ?? '');
    if (contact !== undefined && contact.properties['email'] === email)
      portal.update('contacts', contact, { hs_email_optout: 'true' }, 'CRM_UI');
    return { status: 204 };
  });
  router.add('PUT', '/_sandbox/portals/:portalId/lists/:id/members', 'sandbox', (request) => {
    const list = portalOf(request).lists.get(request.params['id'] ?? '');
    const { add = [], remove = [] } = request.json as { add?: string[]; remove?: string[] };
    for (const id of add) list?.members.add(id);
    for (const id of remove) list?.members.delete(id);
    return { status: 204 };
  });
  router.add('POST', '/_sandbox/seed', 'sandbox', (request) => {
    const { portalId, people, seed } = request.json as { portalId: string; people: number; seed: number };
    portals.get(portalId)?.seed(makePeople(people, seed));
    return { status: 204 };
  });
  router.add('POST', '/_sandbox/uninstall', 'sandbox', (request) => {
    const { portalId } = request.json as { portalId: string };
    controls.tokens.uninstall(portalId);
    const portal = portals.get(portalId);
    if (portal !== undefined) portal.installed = false;
    return { status: 204 };
  });
  router.add('POST', '/_sandbox/limits', 'sandbox', (request) => {
    controls.setLimits((request.json as { enabled: boolean }).enabled);
    return { status: 204 };
  });
  router.add('POST', '/_sandbox/webhooks', 'sandbox', (request) => {
    const { targetUrl, properties } = request.json as { targetUrl: string | null; properties?: string[] };
    webhooks.targetUrl = targetUrl;
    if (properties !== undefined) webhooks.properties = new Set(properties);
    return { status: 204 };
  });
  router.add('POST', '/_sandbox/webhooks/behaviour', 'sandbox', (request) => {
    webhooks.behaviour = { ...webhooks.behaviour, ...(request.json as Partial<WebhookBehaviour>) };
    return { status: 204 };
  });
  router.add('GET', '/_sandbox/webhooks/deliveries', 'sandbox', () => ({
    status: 200,
    json: { deliveries: webhooks.deliveries },
  }));
  addPages(router, controls, { portalOf, contactOf, edit });
}

const navigation: [string, string][] = [
  ['/', 'Accounts'],
  ['/_sandbox/inspect/calls', 'Calls'],
  ['/_sandbox/inspect/webhooks', 'Webhooks'],
];
const shown = [
  'firstname',
  'lastname',
  'email',
  'phone',
  'city',
  'country',
  'company',
  'jobtitle',
  'lifecyclestage',
  'favourite_colour',
  'colours',
  'birthday',
  'loyalty_points',
  'newsletter',
];

function addPages(
  router: Router,
  { portals, webhooks, calls }: Controls,
  {
    portalOf,
    contactOf,
    edit,
  }: {
    portalOf: (request: SandboxRequest) => Portal;
    contactOf: (request: SandboxRequest) => CrmRecord;
    edit: (portal: Portal, record: CrmRecord, given: Record<string, unknown>) => CrmRecord;
  },
): void {
  const html = (title: string, body: string): { status: number; html: string } => ({
    status: 200,
    html: page(`HubSpot stand-in: ${title}`, navigation, body),
  });
  router.add('GET', '/', 'page', () =>
    html(
      'accounts',
      table(
        ['Account', 'Name', 'Contacts', 'App'],
        [...portals.values()].map((portal) => [
          link(`/_sandbox/inspect/${portal.id}`, portal.id),
          portal.name,
          portal.contacts.size,
          portal.installed ? 'installed' : 'not installed',
        ]),
      ),
    ),
  );
  router.add('GET', '/_sandbox/inspect/calls', 'page', () => {
    const summary = calls().summary();
    return html(
      'calls',
      `<p>${summary.total} calls, ${summary.writes} of them writes.</p>${table(
        ['Operation', 'Calls', 'Statuses'],
        Object.entries(summary.byOperation).map(([name, { count, statuses }]) => [
          name,
          count,
          JSON.stringify(statuses),
        ]),
      )}`,
    );
  });
  router.add('GET', '/_sandbox/inspect/webhooks', 'page', () =>
    html(
      'webhooks',
      `<p>Target: ${webhooks.targetUrl ?? 'none'}</p>${table(
        ['At', 'Events', 'Attempt', 'Status'],
        webhooks.deliveries
          .slice(-100)
          .reverse()
          .map((one) => [one.at, one.events, one.attempt, one.status]),
      )}`,
    ),
  );
  router.add('GET', '/_sandbox/inspect/:portalId', 'page', (request) => {
    const portal = portalOf(request);
    const query = (request.query.get('q') ?? '').toLowerCase();
    const rows: unknown[][] = [];
    for (const record of portal.contacts.values()) {
      if (query !== '' && !Object.values(record.properties).some((value) => value.toLowerCase().includes(query)))
        continue;
      rows.push([
        link(`/_sandbox/inspect/${portal.id}/contacts/${record.id}`, record.id),
        ...shown.slice(0, 8).map((name) => portal.valueOf(record, name)),
      ]);
      if (rows.length === 100) break;
    }
    const lists = table(
      ['List', 'Name', 'Kind', 'Members'],
      [...portal.lists.values()].map((list) => [
        list.id,
        list.name,
        list.processingType,
        portal.membersOf(list).length,
      ]),
    );
    return html(
      `account ${portal.id}`,
      `<form><label>Search contacts<input name="q" value="${query.replace(/[^\p{L}\p{N}@. ]/gu, '')}"></label></form>${table(['Id', ...shown.slice(0, 8)], rows)}<h2>Lists</h2>${lists}`,
    );
  });
  router.add('GET', '/_sandbox/inspect/:portalId/contacts/:id', 'page', (request) => {
    const [portal, record] = [portalOf(request), contactOf(request)];
    const fields = shown.map((name) => ({
      name,
      label: portal.contactProperties.get(name)?.label ?? name,
      value: portal.valueOf(record, name),
    }));
    return html(
      `contact ${record.id}`,
      `<p>Changed ${new Date(record.updatedAt).toISOString()}</p>${form(request.path, fields, 'Save as a person in HubSpot')}`,
    );
  });
  router.add('POST', '/_sandbox/inspect/:portalId/contacts/:id', 'page', (request) => {
    const [portal, record] = [portalOf(request), contactOf(request)];
    // A form sends every field; only what differs is an edit.
    const changed = [...request.form].filter(([name, value]) => (portal.valueOf(record, name) ?? '') !== value);
    edit(portal, record, Object.fromEntries(changed));
    return { status: 303, headers: { location: request.path } };
  });
}
