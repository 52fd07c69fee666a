export interface Coverage {
  state: 'supported' | 'partial';
  /** The test file that drives it. */
  testedBy: string;
  /** What the real one does and this one does not, or where the real one is not known. */
  notes?: string;
}

const by =
  (file: string) =>
  (notes?: string): Coverage => ({
    state: notes === undefined ? 'supported' : 'partial',
    testedBy: `test/integration/sandbox/klaviyo-${file}.test.ts`,
    ...(notes === undefined ? {} : { notes }),
  });
const auth = by('auth');
const profiles = by('profiles');
const imports = by('imports');
const groups = by('groups');
const consent = by('consent');
const events = by('events');
const messages = by('messages');
const webhooks = by('webhooks');

/** Every operation of the stand-in: how far it goes and what drives it. */
export const klaviyoCoverage: Readonly<Record<string, Coverage>> = {
  'oauth.token': auth('refresh tokens do not end after 90 days without use'),
  'oauth.revoke': auth(),
  'accounts.list': auth(),
  'accounts.get': auth(),

  'profiles.list': profiles('no predictive analytics, no _kx filter, nothing to include'),
  'profiles.get': profiles('no predictive analytics, conversations or push tokens'),
  'profiles.create': profiles(),
  'profiles.update': profiles('whether an update without a difference moves `updated` is not known; here it does'),
  'profiles.upsert': profiles('_kx is ignored'),
  'profiles.merge': profiles('answers 202 like the real one; the document says 201'),
  'profiles.lists': profiles(),
  'profiles.listIds': profiles(),
  'profiles.segments': profiles(),
  'profiles.segmentIds': profiles(),

  'imports.create': imports(),
  'imports.list': imports(),
  'imports.get': imports('nothing to include'),
  'imports.errors': imports(),
  'imports.profiles': imports(),
  'imports.profileIds': imports(),

  'lists.list': groups('no tags; flow triggers by their own call only'),
  'lists.get': groups('no tags; flow triggers by their own call only'),
  'lists.create': groups(),
  'lists.update': groups(),
  'lists.delete': groups(),
  'lists.profiles': groups('no filter by push token or _kx'),
  'lists.profileIds': groups('no filter by push token or _kx'),
  'lists.add': groups('whether one unknown profile refuses the whole call is not known; here it does'),
  'lists.remove': groups('whether one unknown profile refuses the whole call is not known; here it does'),
  'lists.flowTriggers': groups(),
  'lists.flowTriggerIds': groups(),
  'segments.list': groups('no tags'),
  'segments.get': groups('no tags'),
  'segments.profiles': groups('nobody leaves by the mere passing of time'),
  'segments.profileIds': groups('nobody leaves by the mere passing of time'),
  'segments.flowTriggers': groups(),
  'segments.flowTriggerIds': groups(),

  'subscriptions.subscribe': consent('email only; the account-wide opt-in default is single'),
  'subscriptions.unsubscribe': consent('email only'),
  'subscriptions.suppress': consent('unknown addresses are skipped'),
  'subscriptions.unsuppress': consent(),
  'subscriptions.suppressJobs': consent(),
  'subscriptions.suppressJob': consent(),
  'subscriptions.unsuppressJobs': consent(),
  'subscriptions.unsuppressJob': consent(),
  'privacy.deletion': events(),

  'events.list': events('no attributions'),
  'events.get': events('no attributions'),
  'events.create': events('no value, no backfill'),
  'events.metric': events(),
  'events.profile': events(),
  'metrics.list': events('no flow triggers'),
  'metrics.get': events('no flow triggers'),
  'metrics.properties': events('no sample values'),

  'campaigns.list': messages('no tags'),
  'campaigns.get': messages('no tags'),
  'campaigns.messages': messages('no templates or images'),
  'campaigns.message': messages('no templates or images'),
  'campaigns.ofMessage': messages(),
  'flows.list': messages('no tags; `equals` on times is ignored'),
  'flows.get': messages('no tags'),
  'flows.actions': messages('no filter'),
  'flows.action': messages('flow messages by their own call only'),
  'flows.ofAction': messages(),
  'flows.messages': messages('no filter'),
  'flows.message': messages('no templates'),
  'flows.actionOfMessage': messages(),

  'webhooks.list': webhooks(),
  'webhooks.get': webhooks(),
  'webhooks.create': webhooks('http is taken for servers on the same machine'),
  'webhooks.update': webhooks(),
  'webhooks.delete': webhooks(),
  'webhooks.topics': webhooks(),
  'webhooks.topic': webhooks(),
};
