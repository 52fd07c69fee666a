import type { Router, SandboxRequest } from '../core/router.js';
import { Refusal } from '../core/server.js';
import { invalid, notFound, shownTime } from './answers.js';
import { suppressPerson, unsuppressPerson } from './consent.js';
import { clausesOf, isAmong } from './filter.js';
import { later } from './later.js';
import { oneAnswer, sortedPage } from './paging.js';
import type { AccountOf } from './profiles.js';
import type { SuppressionJob } from './records.js';
import { relationships } from './serialise.js';
import type { Account, Profile } from './store.js';

interface JobBody {
  data?: {
    type?: string;
    attributes?: { profiles?: { data?: { attributes?: { email?: string } }[] } };
    relationships?: { list?: { data?: { id?: string } }; segment?: { data?: { id?: string } } };
  };
}

const kinds = [
  { kind: 'create', operation: 'suppress' },
  { kind: 'delete', operation: 'unsuppress' },
] as const;

/** Manual suppression and its undoing: of up to 100 addresses, or of a whole list or segment; done a moment later. */
export function addSuppressionRoutes(router: Router, accountOf: AccountOf, delayMs: number): void {
  for (const { kind, operation } of kinds) {
    const path = `/api/profile-suppression-bulk-${kind}-jobs`;
    const type = `profile-suppression-bulk-${kind}-job`;
    const jobJson = (request: SandboxRequest, job: SuppressionJob): Record<string, unknown> => {
      const self = `${request.url.origin}${path}/${job.id}/`;
      return {
        type,
        id: job.id,
        attributes: {
          status: job.finishedAt === null ? 'processing' : 'complete',
          created_at: shownTime(job.createdAt),
          total_count: job.total,
          completed_count: job.completed,
          completed_at: job.finishedAt === null ? null : shownTime(job.finishedAt),
          skipped_count: job.skipped,
        },
        relationships: relationships(self, ['lists', 'segments']),
        links: { self },
      };
    };
    router.add(
      'POST',
      path,
      `subscriptions.${operation}`,
      (request) => {
        const account = accountOf(request);
        const { data } = (request.json ?? {}) as JobBody;
        if (data?.type !== type) return invalid(`The payload must have a 'data' of type '${type}'.`, '/data/type');
        const emails = data.attributes?.profiles?.data?.map(({ attributes }) => attributes?.email ?? '') ?? null;
        const listId = data.relationships?.list?.data?.id ?? null;
        const segmentId = data.relationships?.segment?.data?.id ?? null;
        if ([emails, listId, segmentId].filter((one) => one !== null).length !== 1) {
          return invalid('Give either profiles, or a list, or a segment.', '/data');
        }
        if ((emails?.length ?? 0) > 100)
          return invalid('At most 100 profiles are allowed.', '/data/attributes/profiles');
        const people = peopleOf(account, emails, listId, segmentId);
        const job: SuppressionJob = {
          id: account.newId(26),
          kind,
          createdAt: account.now(),
          finishedAt: null,
          listId,
          segmentId,
          total: emails?.length ?? people.length,
          completed: 0,
          skipped: 0,
        };
        account.suppressionJobs.set(job.id, job);
        later(delayMs, () => {
          for (const profile of people) {
            if (kind === 'create') suppressPerson(account, profile);
            if (kind === 'create' || unsuppressPerson(account, profile)) job.completed += 1;
          }
          job.skipped = job.total - job.completed;
          job.finishedAt = account.now();
        });
        return oneAnswer(request, jobJson(request, job), { status: 202 });
      },
      true,
    );
    router.add('GET', path, `subscriptions.${operation}Jobs`, (request) => {
      const clauses = clausesOf(request, {
        status: 'string equals',
        list_id: 'string equals',
        segment_id: 'string equals',
      });
      const jobs = [...accountOf(request).suppressionJobs.values()].filter(
        (job) =>
          job.kind === kind &&
          clauses.every((clause) => {
            if (clause.field === 'list_id') return isAmong(clause, job.listId);
            if (clause.field === 'segment_id') return isAmong(clause, job.segmentId);
            return isAmong(clause, job.finishedAt === null ? 'processing' : 'complete');
          }),
      );
      return sortedPage(request, jobs, {
        size: 100,
        keys: { created: ({ createdAt }) => createdAt },
        json: (job) => jobJson(request, job),
      });
    });
    router.add('GET', `${path}/:id`, `subscriptions.${operation}Job`, (request) => {
      const job = accountOf(request).suppressionJobs.get(request.params['id'] ?? '');
      if (job?.kind !== kind) throw new Refusal(notFound('job', request.params['id'] ?? ''));
      return oneAnswer(request, jobJson(request, job));
    });
  }
}

function peopleOf(
  account: Account,
  emails: string[] | null,
  listId: string | null,
  segmentId: string | null,
): Profile[] {
  if (emails !== null) return emails.flatMap((email) => account.holder({ email }));
  account.settleSegments();
  const group = listId === null ? account.segments.get(segmentId ?? '') : account.lists.get(listId);
  if (group === undefined) throw new Refusal(notFound(listId === null ? 'segment' : 'list', listId ?? segmentId ?? ''));
  return [...group.members.keys()].flatMap((id) => account.profiles.get(id) ?? []);
}
