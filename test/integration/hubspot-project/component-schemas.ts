/**
 * What HubSpot takes of each component, as far as its documentation and templates say: its own schemas are handed out to
 * accounts only. Keyed by the parser's names; everything not named here is refused, so a new field is looked up first.
 */
type Schema = Record<string, unknown>;

const text = (maxLength: number): Schema => ({ type: 'string', minLength: 1, maxLength });
const exact = (required: string[], properties: Record<string, Schema>): Schema => ({
  type: 'object',
  required,
  properties,
  additionalProperties: false,
});
const list = (items: Schema, more: Schema = {}): Schema => ({ type: 'array', items, uniqueItems: true, ...more });

const httpsUrl: Schema = { type: 'string', pattern: '^https://(?!localhost|127\\.)[^\\s?#]+$' };
const scope: Schema = { type: 'string', pattern: '^[a-z_]+(\\.[a-z_]+)*$' };
const entrypoint = (folder: string): Schema => ({ type: 'string', pattern: `^/app/${folder}/\\w+\\.tsx$` });

const app = exact(['name', 'description', 'distribution', 'auth', 'permittedUrls'], {
  name: { ...text(200), pattern: '^\\S(.*\\S)?$' },
  description: text(8192),
  logo: text(200),
  distribution: { enum: ['marketplace'] },
  auth: exact(['type', 'redirectUrls', 'requiredScopes', 'optionalScopes', 'conditionallyRequiredScopes'], {
    type: { enum: ['oauth'] },
    redirectUrls: list(httpsUrl, { minItems: 1 }),
    requiredScopes: list(scope, { contains: { const: 'oauth' } }),
    optionalScopes: list(scope),
    conditionallyRequiredScopes: list(scope),
  }),
  permittedUrls: exact(['fetch', 'iframe', 'img'], {
    fetch: list(httpsUrl),
    iframe: list(httpsUrl),
    img: list(httpsUrl),
  }),
  support: exact(['supportEmail', 'documentationUrl', 'supportUrl', 'supportPhone'], {
    supportEmail: { type: 'string', pattern: '^[^@\\s]+@[^@\\s]+$' },
    documentationUrl: httpsUrl,
    supportUrl: httpsUrl,
    supportPhone: { type: 'string', pattern: '^\\+[0-9]{7,15}$' },
  }),
});

const card = exact(['name', 'location', 'entrypoint', 'objectTypes'], {
  name: text(200),
  description: text(8192),
  location: { enum: ['crm.record.tab', 'crm.record.sidebar', 'crm.preview', 'helpdesk.sidebar'] },
  entrypoint: entrypoint('cards'),
  objectTypes: list({ enum: ['contacts', 'companies', 'deals', 'tickets'] }, { minItems: 1 }),
});

const settings = exact(['entrypoint'], { entrypoint: entrypoint('settings') });

const objectSubscription: Schema = {
  ...exact(['subscriptionType', 'objectType', 'active'], {
    subscriptionType: {
      enum: [
        'object.creation',
        'object.propertyChange',
        'object.deletion',
        'object.merge',
        'object.restore',
        'object.associationChange',
      ],
    },
    objectType: { enum: ['contact', 'company', 'deal'] },
    propertyName: text(100),
    active: { type: 'boolean' },
  }),
  // A property is named exactly where one is watched.
  if: { properties: { subscriptionType: { const: 'object.propertyChange' } } },
  then: { required: ['propertyName'] },
  else: { properties: { propertyName: false } },
};

const webhooks = exact(['settings', 'subscriptions'], {
  settings: exact(['targetUrl', 'maxConcurrentRequests'], {
    targetUrl: httpsUrl,
    maxConcurrentRequests: { type: 'integer', exclusiveMinimum: 5 },
  }),
  subscriptions: exact(['crmObjects', 'legacyCrmObjects', 'hubEvents'], {
    crmObjects: list(objectSubscription, { maxItems: 1000 }),
    legacyCrmObjects: { type: 'array', maxItems: 0 },
    hubEvents: list(
      exact(['subscriptionType', 'active'], {
        subscriptionType: { enum: ['contact.privacyDeletion'] },
        active: { type: 'boolean' },
      }),
    ),
  }),
});

const appEvent = exact(['name', 'objectType', 'headerTemplate', 'properties'], {
  name: text(50),
  objectType: { enum: ['CONTACT', 'COMPANY', 'DEAL'] },
  headerTemplate: text(1000),
  detailTemplate: text(10_000),
  properties: list(
    exact(['name', 'label', 'type'], {
      name: { type: 'string', pattern: '^[a-z][a-z0-9_]*$', maxLength: 100 },
      label: text(100),
      type: { enum: ['string', 'number', 'enumeration', 'date'] },
    }),
    { maxItems: 500 },
  ),
});

export const componentSchemas = {
  APPLICATION: app,
  CARD: card,
  SETTINGS: settings,
  WEBHOOKS: webhooks,
  APP_EVENT: appEvent,
};
