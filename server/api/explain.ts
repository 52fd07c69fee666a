import { Router } from 'express';
import { z } from 'zod';
import { ApiError } from './api-error.js';
import type { ApiDependencies } from './dependencies.js';
import { shortValues } from './short-values.js';
import { callerOf } from './signed.js';

const askedSchema = z.object({
  email: z.string().trim().min(3).max(320).optional(),
  hubspotId: z
    .string()
    .regex(/^\d{1,18}$/)
    .optional(),
});

/** Why a person is as they are (F11). */
export function explainRoutes(deps: ApiDependencies): Router {
  const router = Router();
  router.get('/explain', async (request, response) => {
    const { email, hubspotId } = askedSchema.parse(request.query);
    if (email === undefined && hubspotId === undefined)
      throw new ApiError(
        400,
        'invalid',
        'Nobody was named.',
        'Give an email address or a HubSpot contact id.',
        'email',
      );
    const asked = { ...(email === undefined ? {} : { email }), ...(hubspotId === undefined ? {} : { hubspotId }) };
    const { contact, steps } = await deps.explain(callerOf(request).portalId, asked);
    response.json({
      contact,
      steps: steps.map(({ detail, ...step }) => ({
        ...step,
        detail: Object.fromEntries(Object.entries(detail).map(([name, value]) => [name, shortValues(value)])),
      })),
    });
  });
  return router;
}
