import type { FastifyInstance } from 'fastify';
import {
  readRestartOrder,
  readSnapshotOrder,
  RESTART_ORDER_SCHEMA,
  SNAPSHOT_ORDER_SCHEMA,
} from '../formats/order.js';
import type { Item, Reception } from '../formats/item.js';
import { ingest, type ItemResult, statusOf } from '../ingest.js';
import { HttpProblem } from '../problem.js';
import { RESULTS } from '../schemas/answers.js';
import { actor } from '../access/guard.js';
import { answers, object, text } from '../schemas/build.js';
import { INGEST_PROBLEMS, type IngestRoutesOptions } from './ingest.js';

const PARAMS = object('Which server.', { server: text('Name of an active server of the inventory.') });
const RESPONSE = answers(
  { 202: { ...RESULTS, description: 'The order is stored durably and will be decided about.' } },
  [...INGEST_PROBLEMS, 'NOT_FOUND'],
);

/** The operator's hand. An order is an event like any other, so it is decided about, recorded and explained. */
export function orderRoutes(app: FastifyInstance, options: IngestRoutesOptions): void {
  const { administration } = options;

  async function order(
    server: string,
    read: (reception: Reception) => Item,
  ): Promise<{ readonly results: readonly ItemResult[] }> {
    // A person has mistyped: unlike the servers that alerts speak of, this one was meant to be ours.
    if (!administration.knows(server)) {
      throw new HttpProblem(
        'NOT_FOUND',
        'the inventory has no server of this name; GET /v1/servers lists them',
      );
    }
    const item = read({ nowMs: administration.now(), newId: () => administration.newId() });
    const results = await ingest(options, [item]);
    statusOf(results);
    return { results };
  }

  app.post<{ Params: { server: string } }>(
    '/v1/servers/:server/snapshot',
    {
      schema: {
        tags: ['orders'],
        summary: 'Order a snapshot of a server',
        description: SNAPSHOT_ORDER_SCHEMA.description,
        params: PARAMS,
        body: SNAPSHOT_ORDER_SCHEMA,
        response: RESPONSE,
      },
    },
    async (request, reply) => {
      const { body, log } = request;
      const { server } = request.params;
      const named = (by: string): string => actor(request, by);
      const answer = await order(server, (reception) => readSnapshotOrder(body, server, reception, named));
      log.info({ server, results: answer.results }, 'snapshot ordered');
      return reply.code(202).send(answer);
    },
  );

  app.post<{ Params: { server: string } }>(
    '/v1/servers/:server/restart',
    {
      config: { role: 'approver' },
      schema: {
        tags: ['orders'],
        summary: 'Order the restart of a server on a backup server',
        description: RESTART_ORDER_SCHEMA.description,
        params: PARAMS,
        body: RESTART_ORDER_SCHEMA,
        response: RESPONSE,
      },
    },
    async (request, reply) => {
      const { body, log } = request;
      const { server } = request.params;
      const named = (by: string): string => actor(request, by);
      const answer = await order(server, (reception) => readRestartOrder(body, server, reception, named));
      log.info({ server, results: answer.results }, 'restart ordered');
      return reply.code(202).send(answer);
    },
  );
}
