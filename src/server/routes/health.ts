import type { FastifyInstance } from 'fastify';
import type { Administration } from '../administration.js';
import { HttpProblem } from '../problem.js';
import { answers, flag, list, object, oneOf, text } from '../schemas/build.js';

/** What probes and Prometheus ask. */
export function healthRoutes(app: FastifyInstance, administration: Administration): void {
  app.get(
    '/healthz',
    {
      schema: {
        tags: ['health'],
        summary: 'Is the process alive?',
        description: 'Needs no token.',
        response: answers({ 200: object('The process answers.', { status: oneOf(['ok'], 'Always ok.') }) }),
      },
    },
    async () => ({ status: 'ok' }),
  );

  app.get(
    '/readyz',
    {
      schema: {
        tags: ['health'],
        summary: 'Can the service act?',
        description: 'Needs no token. When it cannot, `reasons` of the problem document say why.',
        response: answers(
          {
            200: object('It can.', {
              ready: flag('Always true.'),
              reasons: list(text('A reason.'), 'Always empty.'),
            }),
          },
          ['NOT_READY'],
        ),
      },
    },
    async () => {
      const reasons = administration.unready();
      if (reasons.length > 0) throw new HttpProblem('NOT_READY', reasons.join('; '), { extra: { reasons } });
      return { ready: true, reasons };
    },
  );

  app.get(
    '/metrics',
    {
      schema: {
        tags: ['health'],
        summary: 'Metrics for Prometheus',
        description: 'Text format of Prometheus.',
        response: {
          ...answers({}),
          200: { description: 'The metrics.', content: { 'text/plain': { schema: { type: 'string' } } } },
        },
      },
    },
    async (_request, reply) => {
      const { contentType, body } = await administration.metrics();
      return reply.type(contentType).send(body);
    },
  );
}
