export interface Coverage {
  state: 'supported' | 'partial';
  /** The test file that drives it. */
  testedBy: string;
  /** What the real one does and this one does not. */
  notes?: string;
}

const here = 'test/integration/sandbox/hubspot.test.ts';
const journeys = 'test/journeys';
const tested = (notes?: string): Coverage => ({
  state: notes === undefined ? 'supported' : 'partial',
  testedBy: here,
  ...(notes === undefined ? {} : { notes }),
});
const inJourneys = (notes?: string): Coverage => ({
  state: notes === undefined ? 'supported' : 'partial',
  testedBy: journeys,
  ...(notes === undefined ? {} : { notes }),
});

const objects = (type: string): Record<string, Coverage> => ({
  [`${type}.batchRead`]: tested('no propertiesWithHistory'),
  [`${type}.batchCreate`]: tested('associations of inputs are ignored'),
  [`${type}.batchUpdate`]: tested(),
  [`${type}.batchArchive`]: tested(),
  [`${type}.search`]: tested('one sort; no free-text query'),
  [`${type}.list`]: tested('no associations, no archived records'),
  [`${type}.create`]: tested('associations are ignored'),
  [`${type}.get`]: tested('no associations, no history'),
  [`${type}.update`]: tested(),
  [`${type}.archive`]: tested('archived records cannot be restored'),
});

/** What the stand-in serves, by operation; a test fails when a route is missing here or an entry has no route. */
export const hubspotCoverage: Record<string, Coverage> = {
  'oauth.token': inJourneys('client_credentials is not served'),
  'oauth.introspect': tested(),
  'oauth.revoke': tested(),
  'oauth.uninstall': tested('admins get no mail'),
  ...objects('contacts'),
  ...objects('companies'),
  ...objects('deals'),
  'contacts.merge': tested(),
  'contacts.gdprDelete': tested(),
  'lists.search': tested(),
  'lists.membershipsOfRecords': tested(),
  'lists.membershipsOfRecord': tested(),
  'lists.memberships': tested('no `before`'),
  'lists.joinOrder': inJourneys('ascending only; members that were there before count as joined when first asked'),
  'lists.add': tested(),
  'lists.remove': tested(),
  'lists.get': tested('filters are not shown'),
  'properties.list': tested(),
  'properties.get': tested(),
  'properties.create': tested('groups are not checked'),
  'properties.update': tested('label and options only'),
  'pipelines.list': tested('pipelines of deals only'),
  'associations.batchRead': tested('from contacts to companies and deals, from companies to contacts; one page'),
  'communicationPreferences.optOut': inJourneys('marketing email as a whole only, no single subscription types'),
  'communicationPreferences.unsubscribeAll': inJourneys('answers no single subscription types'),
  'timeline.batchCreate': tested('email and utk as identities are not served'),
  'timeline.create': tested(),
  'properties.groups': tested(),
  'properties.createGroup': tested(),
  'account.details': inJourneys(),
};
