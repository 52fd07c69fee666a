import { createHash } from 'node:crypto';
import type { Router, SandboxRequest } from '../core/router.js';
import { Refusal } from '../core/server.js';
import { invalid, klaviyoError, notFound } from './answers.js';
import { clausesOf, isAmong } from './filter.js';
import { later } from './later.js';
import { oneAnswer, pageSize, sortedPage } from './paging.js';
import { matchOf, writeProfile, type ProfileResource } from './profile-write.js';
import type { AccountOf } from './profiles.js';
import type { ImportJob } from './records.js';
import { profileJson, profileView, relationships } from './serialise.js';
import type { Account } from './store.js';

interface JobBody {
  data?: {
    type?: string;
    attributes?: { profiles?: { data?: ProfileResource[] } };
    relationships?: { lists?: { data?: { id: string }[] } };
  };
}

interface ErrorBody {
  errors: { id: string; code: string; title: string; detail: string; source: { pointer?: string } }[];
}

const most = 10_000;
const largestPayload = 5_242_880;
const largestProfile = 102_400;
const iso = (ms: number): string => new Date(ms).toISOString();
const statusOf = (job: ImportJob): string => (job.finishedAt === null ? 'processing' : 'complete');

/** Import jobs: done a little later, one bad profile failing alone. They touch nobody's consent. */
export function addImportRoutes(router: Router, accountOf: AccountOf, importMs: number): void {
  const path = '/api/profile-bulk-import-jobs';
  const jobJson = (request: SandboxRequest, job: ImportJob): Record<string, unknown> => {
    const self = `${request.url.origin}${path}/${job.id}/`;
    const done = job.finishedAt !== null;
    return {
      type: 'profile-bulk-import-job',
      id: job.id,
      attributes: {
        status: statusOf(job),
        created_at: iso(job.createdAt),
        total_count: job.total,
        completed_count: done ? job.completed : 0,
        failed_count: done ? job.errors.length : 0,
        started_at: iso(job.createdAt),
        completed_at: job.finishedAt === null ? null : iso(job.finishedAt),
        expires_at: iso(job.createdAt + 7 * 86_400_000),
      },
      relationships: {
        ...relationships(self, ['profiles']),
        'import-errors': { links: { related: `${self}import-errors/` } },
        lists: { data: job.listIds.map((id) => ({ type: 'list', id })) },
      },
      links: { self },
    };
  };
  const jobOf = (request: SandboxRequest): ImportJob => {
    const job = accountOf(request).imports.get(request.params['id'] ?? '');
    if (job === undefined) throw new Refusal(notFound('profile-bulk-import-job', request.params['id'] ?? ''));
    return job;
  };

  router.add(
    'POST',
    path,
    'imports.create',
    (request) => {
      const account = accountOf(request);
      const { data } = (request.json ?? {}) as JobBody;
      const profiles = data?.attributes?.profiles?.data;
      if (data?.type !== 'profile-bulk-import-job') {
        return invalid("The payload must have a 'data' of type 'profile-bulk-import-job'.", '/data/type');
      }
      if (request.rawBody.length > largestPayload) {
        return klaviyoError(413, 'payload_too_large', 'Payload too large.', 'The payload is larger than 5MB.');
      }
      if (!Array.isArray(profiles) || profiles.length === 0 || profiles.length > most) {
        return invalid(`Between 1 and ${most} profiles are allowed.`, '/data/attributes/profiles/data');
      }
      const listIds = (data.relationships?.lists?.data ?? []).map(({ id }) => id);
      for (const id of listIds) if (!account.lists.has(id)) return notFound('list', id, '/data/relationships/lists');
      const createdAt = account.now();
      const text = `${account.id}:maintenance:${account.newId()}.${createdAt}`;
      const job: ImportJob = {
        id: Buffer.from(text).toString('base64url'),
        createdAt,
        finishedAt: null,
        total: profiles.length,
        completed: 0,
        listIds,
        profileIds: [],
        errors: [],
      };
      account.imports.set(job.id, job);
      later(importMs, () => carryOut(account, job, profiles, request.partial));
      return oneAnswer(request, jobJson(request, job), { status: 202 });
    },
    true,
  );
  router.add('GET', path, 'imports.list', (request) => {
    const clauses = clausesOf(request, { status: 'string any equals' });
    const size = pageSize(request, 20, 100);
    const jobs = [...accountOf(request).imports.values()].filter((job) =>
      clauses.every((clause) => isAmong(clause, statusOf(job))),
    );
    return sortedPage(request, jobs, {
      size,
      keys: { created_at: ({ createdAt }) => createdAt },
      json: (job) => jobJson(request, job),
    });
  });
  router.add('GET', `${path}/:id`, 'imports.get', (request) => oneAnswer(request, jobJson(request, jobOf(request))));
  router.add('GET', `${path}/:id/import-errors`, 'imports.errors', (request) => {
    const size = pageSize(request, 20, 100);
    return sortedPage(request, jobOf(request).errors, {
      size,
      keys: { id: ({ id }) => id },
      json: ({ id, code, title, detail, pointer, payload }) => ({
        type: 'import-error',
        id,
        attributes: { code, title, detail, source: { pointer }, original_payload: payload },
      }),
    });
  });
  router.add('GET', `${path}/:id/profiles`, 'imports.profiles', (request) => {
    const size = pageSize(request, 20, 100);
    const { profiles } = accountOf(request);
    const view = profileView(request);
    const found = jobOf(request).profileIds.flatMap((id) => profiles.get(id) ?? []);
    return sortedPage(request, found, { size, keys: { id: ({ id }) => id }, json: (one) => profileJson(view, one) });
  });
  router.add('GET', `${path}/:id/relationships/profiles`, 'imports.profileIds', (request) => {
    const size = pageSize(request, 20, 100);
    const found = jobOf(request).profileIds.map((id) => ({ id }));
    return sortedPage(request, found, {
      size,
      keys: { id: ({ id }) => id },
      json: ({ id }) => ({ type: 'profile', id }),
    });
  });
}

function carryOut(account: Account, job: ImportJob, profiles: readonly ProfileResource[], partial: boolean): void {
  const lists = job.listIds.flatMap((id) => account.lists.get(id) ?? []);
  const ids = new Set<string>();
  for (const [index, resource] of profiles.entries()) {
    const pointer = `/data/attributes/profiles/data/${index}/attributes`;
    try {
      if (partial && index % 2 === 1) throw new Refusal(invalid('This profile was refused.', `${pointer}/email`));
      if (JSON.stringify(resource).length > largestProfile) {
        throw new Refusal(
          klaviyoError(400, 'invalid', 'Invalid input.', 'The profile is larger than 100KB.', { pointer }),
        );
      }
      const { profile } = writeProfile(account, matchOf(account, resource), resource, pointer);
      ids.add(profile.id);
      job.completed += 1;
      for (const { members } of lists) if (!members.has(profile.id)) members.set(profile.id, account.now());
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const [first] = (error.answer.json as ErrorBody).errors;
      job.errors.push({
        id: createHash('sha256').update(`${job.id} ${index}`).digest('hex').slice(0, 24),
        code: first?.code ?? 'invalid',
        title: first?.title ?? '',
        detail: first?.detail ?? '',
        pointer: first?.source.pointer ?? pointer,
        payload: { ...resource.attributes, ...(resource.id == null ? {} : { id: resource.id }) },
      });
    }
  }
  job.profileIds = [...ids];
  job.finishedAt = account.now();
}
