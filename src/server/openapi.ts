import swagger from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import { answers } from './schemas/build.js';
import { COMPONENTS } from './schemas/answers.js';

/** Collects the schemas of all routes registered after it into one OpenAPI document. */
export function describeRoutes(app: FastifyInstance): void {
  for (const [$id, schema] of Object.entries(COMPONENTS)) app.addSchema({ $id, ...schema });
  void app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Rekindle',
        version: '1',
        description:
          'The administration server: takes alerts and failures, decides by policies, takes snapshots and restarts servers from them.',
      },
      components: {
        securitySchemes: {
          token: { type: 'http', scheme: 'bearer' },
          signature: {
            type: 'apiKey',
            in: 'header',
            name: 'webhook-signature',
            description: 'Standard Webhooks: with webhook-id and webhook-timestamp, over id.timestamp.body.',
          },
        },
      },
      // The empty one: a service on loopback may run without a token.
      security: [{ token: [] }, { signature: [] }, {}],
    },
    refResolver: {
      buildLocalReference: ({ $id }, _baseUri, _fragment, i) =>
        typeof $id === 'string' ? $id : `schema-${i}`,
    },
  });
}

export function openapiRoute(app: FastifyInstance): void {
  app.get(
    '/openapi.json',
    {
      schema: {
        tags: ['health'],
        summary: 'This document',
        description: 'Every route with what it takes and answers, OpenAPI 3.1.',
        response: answers({ 200: { type: 'object', description: 'An OpenAPI document.' } }),
      },
    },
    async () => app.swagger(),
  );
}
