import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Administration } from '../administration.js';
import { ALERT_SCHEMA, readAlerts } from '../formats/alert.js';
import { ALERTMANAGER_SCHEMA, readAlertmanager } from '../formats/alertmanager.js';
import {
  CLOUDEVENT_SCHEMA,
  readBinaryCloudEvent,
  readCloudEvent,
  readCloudEventBatch,
} from '../formats/cloudevents.js';
import { FAILURE_SCHEMA, readFailures } from '../formats/failure.js';
import { HEARTBEAT_SCHEMA, readHeartbeats } from '../formats/heartbeat.js';
import type { Item, Reception } from '../formats/item.js';
import { ingest } from '../ingest.js';
import { statusOf } from '../ingest.js';
import type { HttpLimits } from '../limits.js';
import { jsonBodies } from '../media.js';
import { HttpProblem, type HttpProblemCode } from '../problem.js';
import type { Receptions } from '../retries.js';
import { RESULTS } from '../schemas/answers.js';
import { answers } from '../schemas/build.js';

export interface IngestRoutesOptions {
  readonly administration: Administration;
  readonly receptions: Receptions;
  readonly limits: HttpLimits;
}

/** Problems of every call that brings items. */
export const INGEST_PROBLEMS: readonly HttpProblemCode[] = [
  'JSON_SYNTAX',
  'JSON_TOO_DEEP',
  'JSON_DUPLICATE_KEY',
  'KEY_FORBIDDEN',
  'REQUEST_TIMEOUT',
  'EVENT_CONFLICT',
  'BODY_TOO_LARGE',
  'TOO_MANY_ITEMS',
  'MEDIA_TYPE',
  'SCHEMA_TYPE',
  'SCHEMA_VALUE',
  'SCHEMA_MISSING_KEY',
  'SCHEMA_UNKNOWN_KEY',
  'TIME_RANGE',
  'ITEMS_REJECTED',
  'OVERLOAD',
  'STORE_INTEGRITY',
];

const REPORTING = { role: 'reporter' } as const;

const RESPONSE = answers(
  {
    202: { ...RESULTS, description: 'Every item was accepted, known already, or ignored.' },
    207: { ...RESULTS, description: 'Some items were rejected or in conflict; the others were accepted.' },
  },
  INGEST_PROBLEMS,
);

const oneOrMany = (schema: object): object => ({ oneOf: [schema, { type: 'array', items: schema }] });

/** The routes on which events arrive. A 2xx means: stored durably. */
export function ingestRoutes(app: FastifyInstance, options: IngestRoutesOptions): void {
  const { administration } = options;

  /** Reads a body, hands over what is in it, and answers what became of it. */
  async function receive(
    reply: FastifyReply,
    body: unknown,
    read: (reception: Reception) => readonly Item[],
    retryWindowMs?: number,
  ): Promise<void> {
    refuseTooMany(body, options.limits.itemsPerCall);
    const items = read({ nowMs: administration.now(), newId: () => administration.newId() });
    const results = await ingest(options, items, retryWindowMs);
    await reply.code(statusOf(results)).send({ results });
  }

  app.post(
    '/v1/alerts',
    { config: REPORTING, schema: schemaOf('Report alerts', oneOrMany(ALERT_SCHEMA)) },
    async (request, reply) => {
      await receive(reply, request.body, (reception) => readAlerts(request.body, reception));
      return reply;
    },
  );

  app.post(
    '/v1/failures',
    { config: REPORTING, schema: schemaOf('Report failures', oneOrMany(FAILURE_SCHEMA)) },
    async (request, reply) => {
      await receive(reply, request.body, (reception) => readFailures(request.body, reception));
      return reply;
    },
  );

  app.post(
    '/v1/heartbeats',
    { config: REPORTING, schema: schemaOf('Report signs of life', oneOrMany(HEARTBEAT_SCHEMA)) },
    async (request, reply) => {
      await receive(reply, request.body, (reception) => readHeartbeats(request.body, reception));
      return reply;
    },
  );

  app.post<{ Querystring: { retryWindow: string } }>(
    '/v1/alertmanager',
    {
      config: REPORTING,
      schema: {
        ...schemaOf('Receive from Prometheus Alertmanager', ALERTMANAGER_SCHEMA),
        querystring: RETRY_WINDOW,
      },
    },
    async (request, reply) => {
      const windowMs = milliseconds(request.query.retryWindow);
      const { body } = request;
      await receive(reply, body, (reception) => readAlertmanager(body, reception, windowMs), windowMs);
      return reply;
    },
  );

  void app.register(async (events) => {
    jsonBodies(events, [STRUCTURED, BATCH]);
    events.post('/v1/events', { config: REPORTING, schema: CLOUDEVENTS }, async (request, reply) => {
      const { body, headers } = request;
      const mediaType = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
      await receive(reply, body, (reception) => {
        if (mediaType === STRUCTURED) return [readCloudEvent(body, reception)];
        if (mediaType === BATCH) return readCloudEventBatch(body, reception);
        if (headers['ce-specversion'] !== undefined) return [readBinaryCloudEvent(headers, body, reception)];
        throw new HttpProblem(
          'MEDIA_TYPE',
          `send ${STRUCTURED}, ${BATCH}, or application/json with ce- headers`,
        );
      });
      return reply;
    });
  });
}

const STRUCTURED = 'application/cloudevents+json';
const BATCH = 'application/cloudevents-batch+json';

const RETRY_WINDOW = {
  type: 'object',
  additionalProperties: false,
  properties: {
    retryWindow: {
      type: 'string',
      pattern: '^[1-9][0-9]{0,3}(ms|s|m)$',
      default: '10s',
      description:
        'A report of the same alert that follows an accepted one within this time is a retry and has no effect; a later one counts again. Keep it below the `group_interval` of the route.',
    },
  },
};

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 };

function milliseconds(duration: string): number {
  const [, count, unit = ''] = /^(\d+)([a-z]+)$/.exec(duration) ?? [];
  return Number(count) * (UNITS[unit] ?? NaN);
}

function schemaOf(summary: string, body: object): object {
  return { tags: ['events'], summary, description: INGEST_DESCRIPTION, body, response: RESPONSE };
}

const INGEST_DESCRIPTION =
  'Takes one item or several. A 2xx means: what is accepted is stored durably. Each item has its own result.';

const CLOUDEVENTS = {
  tags: ['events'],
  summary: 'Receive CloudEvents 1.0',
  description: `${INGEST_DESCRIPTION} Structured mode, batch mode, and binary mode with \`ce-\` headers. The types rekindle.alert, rekindle.failure and rekindle.heartbeat are understood; \`subject\` names the server.`,
  body: {
    content: {
      [STRUCTURED]: { schema: CLOUDEVENT_SCHEMA },
      [BATCH]: { schema: { type: 'array', items: CLOUDEVENT_SCHEMA } },
      'application/json': { schema: { type: 'object', description: 'The data of an event in binary mode.' } },
    },
  },
  response: RESPONSE,
};

/** Counted before anything looks at the items. */
function refuseTooMany(body: unknown, limit: number): void {
  const alerts: unknown = typeof body === 'object' && body !== null && 'alerts' in body ? body.alerts : null;
  const list = [body, alerts].find((one) => Array.isArray(one)) ?? [];
  if (list.length > limit) {
    throw new HttpProblem('TOO_MANY_ITEMS', `${list.length} items in one call; at most ${limit} are taken`);
  }
}
