import { randomBytes } from 'node:crypto';
import type { Router, SandboxRequest } from '../core/router.js';
import { Refusal } from '../core/server.js';
import { invalid, klaviyoError } from './answers.js';
import { matchOf, pageSize, writeProfile, type ProfileResource } from './profiles.js';
import { makeCursor, pageLinks, profileJson, readCursor } from './serialise.js';
import type { Account, ImportJob } from './store.js';

interface JobBody {
  data?: {
    attributes?: { profiles?: { data?: ProfileResource[] } };
    relationships?: { lists?: { data?: { id: string }[] } };
  };
}

/** Import jobs: up to 10,000 profiles, done a little later, one bad profile failing alone. */
export function addImportRoutes(
  router: Router,
  accountOf: (request: SandboxRequest) => Account,
  importMs: number,
): void {
  const jobJson = (request: SandboxRequest, job: ImportJob): Record<string, unknown> => {
    const ready = Date.now() >= job.readyAt;
    const at = (ms: number): string => new Date(ms).toISOString();
    return {
      type: 'profile-bulk-import-job',
      id: job.id,
      attributes: {
        status: ready ? 'complete' : 'processing',
        created_at: at(job.createdAt),
        total_count: job.total,
        completed_count: ready ? job.completed : 0,
        failed_count: ready ? job.errors.length : 0,
        started_at: at(job.createdAt),
        completed_at: ready ? at(job.readyAt) : null,
        expires_at: at(job.createdAt + 7 * 86_400_000),
      },
      relationships: { lists: { data: [] } },
      links: { self: `${request.url.origin}/api/profile-bulk-import-jobs/${job.id}/` },
    };
  };
  const jobOf = (request: SandboxRequest): ImportJob => {
    const job = accountOf(request).imports.get(request.params['id'] ?? '');
    if (job === undefined)
      throw new Refusal(klaviyoError(404, 'not_found', 'Not found.', 'There is no such import job.'));
    return job;
  };

  router.add(
    'POST',
    '/api/profile-bulk-import-jobs',
    'imports.create',
    (request) => {
      const account = accountOf(request);
      const { data } = (request.json ?? {}) as JobBody;
      const profiles = data?.attributes?.profiles?.data;
      if (!Array.isArray(profiles) || profiles.length === 0)
        return invalid('profiles is required.', '/data/attributes/profiles');
      if (profiles.length > 10_000 || request.rawBody.length > 5_000_000)
        return klaviyoError(
          413,
          'payload_too_large',
          'Payload too large.',
          'At most 10,000 profiles and 5MB are allowed.',
        );
      const now = account.now();
      const job: ImportJob = {
        id: Buffer.from(`${account.id}:${randomBytes(9).toString('hex')}`).toString('base64url'),
        createdAt: now,
        readyAt: now + importMs,
        total: profiles.length,
        completed: 0,
        profileIds: [],
        errors: [],
      };
      account.imports.set(job.id, job);
      const lists = (data?.relationships?.lists?.data ?? []).flatMap(({ id }) => account.lists.get(id) ?? []);
      const carryOut = (): void => {
        for (const [index, resource] of profiles.entries()) {
          try {
            if (request.partial && index % 2 === 1)
              throw new Refusal(invalid('This profile was refused.', '/data/attributes/email'));
            const { profile } = writeProfile(account, matchOf(account, resource), resource);
            job.profileIds.push(profile.id);
            job.completed += 1;
            for (const list of lists) if (!list.members.has(profile.id)) list.members.set(profile.id, account.now());
          } catch (error) {
            if (!(error instanceof Refusal)) throw error;
            const [first] = (
              error.answer.json as {
                errors: { code: string; title: string; detail: string; source: { pointer?: string } }[];
              }
            ).errors;
            job.errors.push({
              code: first?.code ?? 'invalid',
              title: first?.title ?? '',
              detail: first?.detail ?? '',
              pointer: first?.source.pointer ?? '',
              payload: { ...resource.attributes, ...(resource.id === undefined ? {} : { id: resource.id }) },
            });
          }
        }
      };
      // The work is done when the job is, not when it is accepted.
      setTimeout(carryOut, Math.max(0, importMs - 20)).unref();
      return { status: 202, json: { data: jobJson(request, { ...job, readyAt: Number.POSITIVE_INFINITY }) } };
    },
    true,
  );
  router.add('GET', '/api/profile-bulk-import-jobs/:id', 'imports.get', (request) => ({
    status: 200,
    json: { data: jobJson(request, jobOf(request)) },
  }));
  router.add('GET', '/api/profile-bulk-import-jobs/:id/import-errors', 'imports.errors', (request) => {
    const { errors } = jobOf(request);
    const size = pageSize(request, 20, 100);
    const start = Number(readCursor(request.query.get('page[cursor]'))?.[0] ?? 0);
    const data = errors.slice(start, start + size).map((error, index) => ({
      type: 'import-error',
      id: `${request.params['id'] ?? ''}-${start + index}`,
      attributes: {
        code: error.code,
        title: error.title,
        detail: error.detail,
        source: { pointer: error.pointer },
        original_payload: error.payload,
      },
      links: { self: request.url.href },
    }));
    return {
      status: 200,
      json: {
        data,
        links: pageLinks(request.url, start + size < errors.length ? makeCursor([start + size, 0]) : null),
      },
    };
  });
  router.add('GET', '/api/profile-bulk-import-jobs/:id/profiles', 'imports.profiles', (request) => {
    const account = accountOf(request);
    const { profileIds } = jobOf(request);
    const size = pageSize(request, 20, 100);
    const start = Number(readCursor(request.query.get('page[cursor]'))?.[0] ?? 0);
    const data = profileIds
      .slice(start, start + size)
      .flatMap((id) => account.profiles.get(id) ?? [])
      .map((profile) => profileJson(request.url.origin, profile, { subscriptions: false }));
    return {
      status: 200,
      json: {
        data,
        links: pageLinks(request.url, start + size < profileIds.length ? makeCursor([start + size, 0]) : null),
      },
    };
  });
}
