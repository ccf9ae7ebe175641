import type { FastifyInstance } from 'fastify';
import type { Administration } from '../administration.js';
import type { Operation, StepRecord } from '../../store/store.js';
import { HttpProblem } from '../problem.js';
import { policyEntries, serverEntries } from '../listings.js';
import {
  answers,
  integer,
  items,
  list,
  object,
  oneOf,
  orNull,
  ref,
  type Schema,
  text,
} from '../schemas/build.js';

const SERVER = text('Only those of this server.');

/** Filters and the number of entries wanted, newest first. */
function query(properties: Readonly<Record<string, Schema>>, limit: number): Schema {
  return {
    type: 'object',
    additionalProperties: false,
    properties: {
      ...properties,
      limit: { type: 'integer', minimum: 1, maximum: 1000, default: limit, description: 'At most so many.' },
    },
  };
}

const ID = (what: string): Schema => object('Which one.', { id: text(`Id of the ${what}.`) });

/** What a person, a page or the command line asks. Nothing here changes anything. */
export function readRoutes(app: FastifyInstance, administration: Administration): void {
  stateRoutes(app, administration);
  tableRoutes(app, administration);
  eventRoutes(app, administration);
  decisionRoutes(app, administration);
  operationRoutes(app, administration);
}

function stateRoutes(app: FastifyInstance, administration: Administration): void {
  app.get(
    '/v1/status',
    {
      schema: {
        tags: ['state'],
        summary: 'The service at a glance',
        description: 'Version, policies, work in progress and the active servers.',
        response: answers({ 200: ref('Status') }),
      },
    },
    async () => administration.status(),
  );

  app.get(
    '/v1/state',
    {
      schema: {
        tags: ['state'],
        summary: 'The state that the next decision would be made on',
        description: 'As `rekindle eval --state` takes it.',
        response: answers({ 200: ref('View') }),
      },
    },
    async () => administration.view(),
  );

  app.get(
    '/v1/servers',
    {
      schema: {
        tags: ['state'],
        summary: 'The servers of the inventory',
        description: 'Active servers and backup servers, each with the hardware and with what runs on it.',
        response: answers({ 200: items(ref('Server'), 'By name.') }),
      },
    },
    async () => {
      const [status, view] = await Promise.all([administration.status(), administration.view()]);
      return { items: serverEntries(administration.policySet().inventory, status, view) };
    },
  );

  app.get(
    '/v1/policies',
    {
      schema: {
        tags: ['state'],
        summary: 'The policy set that decides',
        description: 'Its revision and documents, and what became of the last change to the files.',
        response: answers({
          200: object('The policy set.', {
            revision: text('Of the set that decides.'),
            reload: ref('ReloadStatus'),
            items: { type: 'array', items: ref('Policy'), description: 'By kind and name.' },
          }),
        }),
      },
    },
    async () => {
      const policySet = administration.policySet();
      return {
        revision: policySet.revision,
        reload: administration.reload(),
        items: policyEntries(policySet),
      };
    },
  );
}

function tableRoutes(app: FastifyInstance, administration: Administration): void {
  app.get(
    '/v1/disks',
    {
      schema: {
        tags: ['disk table'],
        summary: 'The drives of the disk table',
        description: 'Where snapshots can be, with capacity, health and role.',
        response: answers({ 200: items(ref('Drive'), 'By name.') }),
      },
    },
    async () => ({ items: await administration.drives() }),
  );

  app.get<{ Querystring: { server?: string } }>(
    '/v1/snapshots',
    {
      schema: {
        tags: ['disk table'],
        summary: 'The snapshots of the disk table',
        description: 'Which snapshot is on which drive because of which condition, in which state.',
        querystring: object('Filters.', { server: SERVER }, ['server']),
        response: answers({ 200: items(ref('Snapshot'), 'By server and generation.') }, QUERY_PROBLEMS),
      },
    },
    async (request) => ({ items: await administration.snapshots(request.query) }),
  );

  app.get<{ Querystring: { subject?: string; limit: number } }>(
    '/v1/journal',
    {
      schema: {
        tags: ['disk table'],
        summary: 'What changed in the disk table',
        description: 'Each change of each row. Entries are never edited and never deleted.',
        querystring: query({ subject: text('Only changes of this row, such as drive:d1.') }, 100),
        response: answers(
          { 200: items(ref('JournalEntry'), 'The newest entries, oldest of them first.') },
          QUERY_PROBLEMS,
        ),
      },
    },
    async (request) => ({ items: await administration.journal(request.query) }),
  );
}

const QUERY_PROBLEMS = ['SCHEMA_TYPE', 'SCHEMA_VALUE', 'SCHEMA_UNKNOWN_KEY'] as const;

function decisionRoutes(app: FastifyInstance, administration: Administration): void {
  app.get<{ Querystring: { server?: string; outcome?: string; limit: number } }>(
    '/v1/decisions',
    {
      schema: {
        tags: ['decisions'],
        summary: 'What was decided',
        description: 'Every decision, also those that ordered nothing.',
        querystring: query(
          {
            server: SERVER,
            outcome: oneOf(['snapshot', 'restart', 'retire', 'refused', 'none'], 'Only this outcome.'),
          },
          50,
        ),
        response: answers({ 200: items(ref('Decision'), 'Newest first.') }, QUERY_PROBLEMS),
      },
    },
    async (request) => ({ items: await administration.decisions(request.query) }),
  );

  app.get<{ Params: { id: string } }>(
    '/v1/decisions/:id',
    {
      schema: {
        tags: ['decisions'],
        summary: 'One decision, explained',
        description: 'The decision, the event that it is about, and the operation that executes it.',
        params: ID('decision'),
        response: answers(
          {
            200: object('The decision.', {
              decision: ref('Decision'),
              event: orNull(ref('Event')),
              operation: orNull(ref('OperationWithSteps')),
            }),
          },
          ['NOT_FOUND', 'URI_TOO_LONG'],
        ),
      },
    },
    async (request) => {
      const decision = await administration.decision(request.params.id);
      if (decision === null) throw notFound('decision', request.params.id, 'decisions');
      const [event, operation] = await Promise.all([
        administration.event(decision.event.id),
        administration.operationOf(decision.id),
      ]);
      return {
        decision,
        event,
        operation: operation === null ? null : await withSteps(administration, operation.id),
      };
    },
  );
}

function eventRoutes(app: FastifyInstance, administration: Administration): void {
  app.get<{ Querystring: { after: number; limit: number } }>(
    '/v1/events',
    {
      schema: {
        tags: ['decisions'],
        summary: 'What was recorded and decided',
        description: 'Events as they were accepted, in the order of their last decision, for a replay.',
        querystring: query(
          {
            after: {
              type: 'integer',
              minimum: 0,
              maximum: Number.MAX_SAFE_INTEGER,
              default: 0,
              description: 'What the page before says in `next`; 0 begins with the first event.',
            },
          },
          1000,
        ),
        response: answers(
          {
            200: object('A page of events.', {
              items: list(ref('Event'), 'The first decided first.'),
              next: orNull(integer('`after` of the next page; null when this is the last one.')),
            }),
          },
          QUERY_PROBLEMS,
        ),
      },
    },
    async (request) => {
      const { limit } = request.query;
      const page = await administration.decidedEvents(request.query);
      return {
        items: page.map(({ event }) => event),
        next: page.length < limit ? null : (page.at(-1)?.seq ?? null),
      };
    },
  );

  app.get<{ Params: { id: string } }>(
    '/v1/events/:id',
    {
      schema: {
        tags: ['decisions'],
        summary: 'One accepted event',
        description: 'The event as it was accepted; `rekindle eval --event` takes it.',
        params: ID('event'),
        response: answers({ 200: ref('Event') }, ['NOT_FOUND', 'URI_TOO_LONG']),
      },
    },
    async (request) => {
      const event = await administration.event(request.params.id);
      if (event === null) throw notFound('event', request.params.id, 'decisions');
      return event;
    },
  );
}

function operationRoutes(app: FastifyInstance, administration: Administration): void {
  app.get<{ Querystring: { server?: string; limit: number } }>(
    '/v1/operations',
    {
      schema: {
        tags: ['operations'],
        summary: 'What was done',
        description: 'Every operation, running or ended.',
        querystring: query({ server: SERVER }, 50),
        response: answers({ 200: items(ref('Operation'), 'Newest first.') }, QUERY_PROBLEMS),
      },
    },
    async (request) => ({ items: await administration.operations(request.query) }),
  );

  app.get<{ Params: { id: string } }>(
    '/v1/operations/:id',
    {
      schema: {
        tags: ['operations'],
        summary: 'One operation with its steps',
        description: 'The operation, the decision that it executes, and every step as journaled.',
        params: ID('operation'),
        response: answers({ 200: ref('OperationWithSteps') }, ['NOT_FOUND', 'URI_TOO_LONG']),
      },
    },
    async (request) => {
      const operation = await withSteps(administration, request.params.id);
      if (operation === null) throw notFound('operation', request.params.id, 'operations');
      return operation;
    },
  );
}

async function withSteps(
  administration: Administration,
  id: string,
): Promise<(Operation & { readonly steps: readonly StepRecord[] }) | null> {
  const found = await administration.operation(id);
  return found && { ...found.operation, steps: found.steps };
}

function notFound(what: string, id: string, list: 'decisions' | 'operations'): HttpProblem {
  return new HttpProblem('NOT_FOUND', `there is no ${what} ${JSON.stringify(id)}; see GET /v1/${list}`);
}
