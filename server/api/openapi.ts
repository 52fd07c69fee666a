import { z } from 'zod';
import { operations, type Operation } from './operations.js';

/** The interface as OpenAPI 3.1, its bodies made from the zod schemas that check them. */
export function openApi(publicUrl: string): Record<string, unknown> {
  const error = { $ref: '#/components/schemas/Error' };
  const paths: Record<string, Record<string, unknown>> = {};
  for (const { method, path, summary, status, answer, body, query = [] } of operations) {
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '');
    paths[path] = {
      ...paths[path],
      [method]: {
        summary,
        parameters: [
          ...inPath.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } })),
          ...['portalId', 'userId', 'userEmail', 'appId'].map((name) => ({
            name,
            in: 'query',
            required: name === 'portalId',
            schema: { type: 'string' },
          })),
          ...query.map((name) => ({
            name,
            in: 'query',
            required: name === 'klaviyoAccountId',
            schema: { type: 'string' },
          })),
        ],
        ...(body === undefined
          ? {}
          : {
              requestBody: {
                required: true,
                content: { 'application/json': { schema: z.toJSONSchema(body, { io: 'input' }) } },
              },
            }),
        responses: {
          [status]: { description: summary, ...contentOf(answer) },
          default: {
            description: 'Refused, with the reason and what to do',
            content: { 'application/json': { schema: error } },
          },
        },
      },
    };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Tandem',
      version: '1',
      description: 'Called by HubSpot’s fetch proxy; every request carries HubSpot’s v3 signature.',
    },
    servers: [{ url: `${publicUrl}/api/v1` }],
    paths,
    components: {
      schemas: {
        Error: {
          type: 'object',
          required: ['error'],
          properties: {
            error: {
              type: 'object',
              required: ['code', 'message', 'fix'],
              properties: {
                code: { type: 'string' },
                message: { type: 'string' },
                fix: { type: 'string' },
                field: { type: 'string' },
              },
            },
          },
        },
      },
    },
  };
}

/** What an operation answers. Fields may be added to it: nobody may rely on there being no more. */
function contentOf(answer: Operation['answer']): object {
  if (answer === null) return {};
  if (answer === 'text/csv') return { content: { 'text/csv': { schema: { type: 'string' } } } };
  return { content: { 'application/json': { schema: z.toJSONSchema(answer, { io: 'input' }) } } };
}
