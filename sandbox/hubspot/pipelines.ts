import type { Router, SandboxRequest } from '../core/router.js';
import { hubspotError } from './answers.js';
import type { Portal } from './store.js';

export interface Pipeline {
  id: string;
  label: string;
  displayOrder: number;
  archived: boolean;
  /** In their order. */
  stages: { id: string; label: string; closed: boolean }[];
}

/** What a portal's deals go through at first: new business, and the renewals that come after it. */
export const dealPipelines = (): Pipeline[] => [
  {
    id: 'default',
    label: 'Sales pipeline',
    displayOrder: 0,
    archived: false,
    stages: [
      { id: 'appointmentscheduled', label: 'Appointment scheduled', closed: false },
      { id: 'closedwon', label: 'Closed won', closed: true },
      { id: 'closedlost', label: 'Closed lost', closed: true },
    ],
  },
  {
    id: '7301',
    label: 'Renewals',
    displayOrder: 1,
    archived: false,
    stages: [
      { id: '7302', label: 'Up for renewal', closed: false },
      { id: '7303', label: 'Renewed', closed: true },
      { id: '7304', label: 'Not renewed', closed: true },
    ],
  },
];

function pipelineJson({ stages, ...pipeline }: Pipeline, portal: Portal): Record<string, unknown> {
  const at = new Date(portal.madeAt).toISOString();
  const stamps = { createdAt: at, updatedAt: at };
  return {
    ...pipeline,
    ...stamps,
    stages: stages.map(({ id, label, closed }, displayOrder) => ({
      id,
      label,
      displayOrder,
      archived: false,
      metadata: { isClosed: String(closed) },
      writePermissions: 'CRM_PERMISSIONS_ENFORCEMENT',
      ...stamps,
    })),
  };
}

/** Pipelines of deals. */
export function addPipelineRoutes(router: Router, portalOf: (request: SandboxRequest) => Portal): void {
  router.add('GET', '/crm/pipelines/2026-09/:type', 'pipelines.list', (request) => {
    const portal = portalOf(request);
    if (portal.table(request.params['type'] ?? '') !== portal.deals)
      return hubspotError(400, 'The stand-in has pipelines of deals alone.');
    return {
      status: 200,
      json: { results: [...portal.dealPipelines.values()].map((pipeline) => pipelineJson(pipeline, portal)) },
    };
  });
}
