import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  ApiKeySession,
  EventsApi,
  FilterBuilder,
  ListsApi,
  MetricsApi,
  OAuthApi,
  OAuthSession,
  Pkce,
  ProfilesApi,
  RetryWithExponentialBackoff,
  type TokenStorage,
} from 'klaviyo-api';
import { openKlaviyo, type Client } from './klaviyo-client.js';

/** Klaviyo's own SDK drives the stand-in: what it cannot read or send is wrong here. */
let client: Client;
let profiles: ProfilesApi;
let lists: ListsApi;
beforeAll(async () => {
  client = await openKlaviyo();
  const session = new ApiKeySession(
    'pk_sandbox_TANDM1',
    new RetryWithExponentialBackoff({ retryCodes: [429], numRetries: 2, maxInterval: 1 }),
  );
  profiles = new ProfilesApi(session);
  lists = new ListsApi(session);
  for (const api of [profiles, lists]) api.basePath = client.sandbox.url;
});
afterAll(() => client.close());

/** The SDK itself takes a cursor out of https links only. */
const cursorOf = (next: string | null | undefined): string | undefined =>
  next == null ? undefined : (new URL(next).searchParams.get('page[cursor]') ?? undefined);

test('pages through profiles with their subscriptions', async () => {
  const seen = new Set<string>();
  let pageCursor: string | undefined;
  do {
    const { body } = await profiles.getProfiles({
      additionalFieldsProfile: ['subscriptions'],
      sort: 'updated',
      pageSize: 50,
      ...(pageCursor === undefined ? {} : { pageCursor }),
    });
    for (const profile of body.data) {
      seen.add(profile.id ?? '');
      expect(profile.attributes.subscriptions?.email?.marketing?.consent).toMatch(/SUBSCRIBED$/);
      expect(profile.attributes.updated).toBeInstanceOf(Date);
    }
    pageCursor = cursorOf(body.links?.next);
  } while (pageCursor !== undefined);
  expect(seen.size).toBe(client.sandbox.accounts.get('TANDM1')?.profiles.size);
});

test('creates, finds by its filter builder, updates and imports profiles', async () => {
  const email = 'sdk.person@example.com';
  const created = await profiles.createProfile({
    data: { type: 'profile', attributes: { email, firstName: 'Sdk', location: { city: 'Köln' } } },
  });
  const id = created.body.data.id ?? '';
  const filter = new FilterBuilder().any('email', [email, "o'neil@example.com"]).build();
  expect((await profiles.getProfiles({ filter })).body.data.map((one) => one.id)).toEqual([id]);
  const since = new FilterBuilder().greaterThan('updated', new Date(Date.now() - 86_400_000)).build();
  expect((await profiles.getProfiles({ filter: since, sort: 'updated' })).body.data.map((one) => one.id)).toContain(id);

  const updated = await profiles.updateProfile(id, {
    data: {
      type: 'profile',
      id,
      attributes: { firstName: null, properties: { Colours: ['red'] } },
      meta: { patchProperties: { append: { Colours: 'blue' } } },
    },
  });
  expect(updated.body.data.attributes).toMatchObject({ firstName: null, properties: { Colours: ['red', 'blue'] } });
  const upserted = await profiles.createOrUpdateProfile({
    data: { type: 'profile', attributes: { email, lastName: 'Upserted' } },
  });
  expect([upserted.response.status, upserted.body.data.id]).toEqual([200, id]);

  const job = await profiles.bulkImportProfiles({
    data: {
      type: 'profile-bulk-import-job',
      attributes: { profiles: { data: [{ type: 'profile', attributes: { email, title: 'Imported' } }] } },
    },
  });
  let status = '';
  while (status !== 'complete')
    status = String((await profiles.getBulkImportProfilesJob(job.body.data.id)).body.data.attributes.status);
  expect((await profiles.getProfile(id)).body.data.attributes.title).toBe('Imported');
});

test('a conflict reaches the SDK’s caller with the id of the holder', async () => {
  const [profile] = (await profiles.getProfiles({ pageSize: 1 })).body.data;
  const email = profile?.attributes.email ?? '';
  await expect(profiles.createProfile({ data: { type: 'profile', attributes: { email } } })).rejects.toMatchObject({
    response: { status: 409, data: { errors: [{ meta: { duplicate_profile_id: profile?.id } }] } },
  });
});

test('reads lists with their opt-in, adds and removes members, subscribes', async () => {
  const { body } = await lists.getLists();
  expect(body.data.find(({ id }) => id === 'NwsLtr')?.attributes.optInProcess).toBe('double_opt_in');
  const made = await lists.createList({ data: { type: 'list', attributes: { name: 'By SDK' } } });
  const listId = made.body.data.id;
  const [profile] = (await profiles.getProfiles({ pageSize: 1 })).body.data;
  const members = { data: [{ type: 'profile' as const, id: profile?.id ?? '' }] };
  await lists.addProfilesToList(listId, members);
  const listed = await lists.getProfilesForList(listId, { sort: '-joined_group_at' });
  expect(listed.body.data[0]?.attributes.joinedGroupAt).toBeInstanceOf(Date);
  await lists.removeProfilesFromList(listId, members);
  expect((await lists.getProfileIdsForList(listId)).body.data).toEqual([]);
  const accepted = await profiles.bulkSubscribeProfiles({
    data: {
      type: 'profile-subscription-bulk-create-job',
      attributes: {
        profiles: {
          data: [
            {
              type: 'profile',
              attributes: {
                email: 'sdk.new@example.com',
                subscriptions: { email: { marketing: { consent: 'SUBSCRIBED' } } },
              },
            },
          ],
        },
      },
      relationships: { list: { data: { type: 'list', id: listId } } },
    },
  });
  expect(accepted.response.status).toBe(202);
});

test('reads metrics and their events', async () => {
  const session = new ApiKeySession('pk_sandbox_TANDM1');
  const [metrics, events] = [new MetricsApi(session), new EventsApi(session)];
  for (const api of [metrics, events]) api.basePath = client.sandbox.url;
  const named = (await metrics.getMetrics()).body.data;
  const clicked = named.find(({ attributes }) => attributes.name === 'Clicked Email');
  const filter = new FilterBuilder()
    .equals('metric_id', clicked?.id ?? '')
    .greaterOrEqual('datetime', new Date(Date.now() - 200 * 86_400_000))
    .build();
  const { body } = await events.getEvents({ filter, sort: 'datetime', include: ['profile', 'metric'], pageSize: 1000 });
  expect(body.data.length).toBeGreaterThan(0);
  expect(body.data[0]?.attributes.eventProperties).toMatchObject({ URL: expect.any(String) });
  expect(body.data[0]?.attributes.datetime).toBeInstanceOf(Date);
});

test('signs in by OAuth with PKCE, and refreshes by itself after a 401', async () => {
  const { sandbox } = client;
  const saved = new Map<string, { accessToken: string; refreshToken: string; expiresAt: Date }>();
  const storage: TokenStorage = {
    retrieve: (id) => saved.get(id) ?? { accessToken: '', refreshToken: '' },
    save: (id, tokens) => void saved.set(id, tokens),
  };
  class SandboxOAuth extends OAuthApi {
    protected override authorizeUrl = `${sandbox.url}/oauth/authorize`;
    protected override tokenUrl = `${sandbox.url}/oauth/token`;
  }
  const oauth = new SandboxOAuth(sandbox.clientId, sandbox.clientSecret, storage);
  const codes: Pkce.Codes = Pkce.generateCodes();
  const redirect = 'https://tandem.example/back';
  const asked = new URL(oauth.generateAuthorizeUrl('state', 'profiles:read', codes.codeChallenge, redirect));
  expect((await fetch(asked)).status).toBe(200);
  const approved = await fetch(`${sandbox.url}/oauth/authorize/approve`, {
    method: 'POST',
    redirect: 'manual',
    body: new URLSearchParams({
      account: 'TANDM1',
      redirect_uri: redirect,
      scope: 'profiles:read',
      state: 'state',
      code_challenge: asked.searchParams.get('code_challenge') ?? '',
    }),
  });
  const code = new URL(approved.headers.get('location') ?? '').searchParams.get('code') ?? '';
  await oauth.createTokens('customer', codes.codeVerifier, code, redirect);
  const first = saved.get('customer')?.accessToken;
  const api = new ProfilesApi(new OAuthSession('customer', oauth));
  api.basePath = sandbox.url;
  expect((await api.getProfiles({ pageSize: 1 })).body.data).toHaveLength(1);
  sandbox.tokens.expire('TANDM1');
  expect((await api.getProfiles({ pageSize: 1 })).body.data).toHaveLength(1);
  expect(saved.get('customer')?.accessToken).not.toBe(first);
});
