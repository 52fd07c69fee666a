import { context, SpanKind, SpanStatusCode, trace, type Attributes } from '@opentelemetry/api';
import type { RequestHandler } from 'express';
import { portalInScope } from './store/portal-scope.js';

/**
 * Spans of what the service does: requests, jobs, and below them every call to a vendor. Without `sendTraces` they cost
 * nothing and go nowhere. No span holds an id of a person, an address or a query: names are routes and operations.
 */
const tracer = trace.getTracer('tandem');

const ofPortal = (): Attributes => {
  const portalId = portalInScope();
  return portalId === null ? {} : { 'tandem.portal': portalId };
};

/** Runs a job within a span of its own. */
export function traced<T>(name: string, work: () => Promise<T>): Promise<T> {
  return tracer.startActiveSpan(name, { kind: SpanKind.CONSUMER, attributes: ofPortal() }, async (span) => {
    try {
      return await work();
    } catch (error) {
      // Words of errors may quote a person's value: the kind of the error is enough here, the log has the rest.
      span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.name : 'error' });
      throw error;
    } finally {
      span.end();
    }
  });
}

/** Puts each request into a span named after its route. */
export const tracedRequests: RequestHandler = (request, response, next) => {
  const span = tracer.startSpan(request.method, { kind: SpanKind.SERVER });
  response.once('close', () => {
    const route: unknown = request.route;
    const path = typeof route === 'object' && route !== null && 'path' in route ? String(route.path) : '';
    span.updateName(`${request.method} ${request.baseUrl}${path}`.trim());
    span.setAttributes({ 'http.request.method': request.method, 'http.response.status_code': response.statusCode });
    if (response.statusCode >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end();
  });
  context.with(trace.setSpan(context.active(), span), next);
};

/** Notes a call to a vendor that has just ended, below whatever asked for it. */
export function tracedCall(call: {
  vendor: string;
  operation: string;
  status: number | 'none';
  seconds: number;
}): void {
  const span = tracer.startSpan(`${call.vendor} ${call.operation}`, {
    kind: SpanKind.CLIENT,
    startTime: Date.now() - call.seconds * 1000,
    attributes: { ...ofPortal(), 'tandem.vendor': call.vendor, 'tandem.operation': call.operation },
  });
  if (typeof call.status === 'number') span.setAttribute('http.response.status_code', call.status);
  if (call.status === 'none' || call.status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
  span.end();
}
