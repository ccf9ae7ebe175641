import type { FastifyInstance } from 'fastify';
import type { Administration } from '../administration.js';
import { answers, integer, list, object, text } from '../schemas/build.js';

/** What keeps the store well. */
export function storeRoutes(app: FastifyInstance, administration: Administration): void {
  app.get<{ Querystring: { entries?: number; hash?: string } }>(
    '/v1/store',
    {
      // It holds everything else up while it looks.
      config: { role: 'operator' },
      schema: {
        tags: ['store'],
        summary: 'Check the store',
        description:
          'Looks at every page and every row, and follows the chain over the journal from its first entry. Nothing else is written meanwhile.',
        querystring: {
          ...object('A head that was noted before, which the journal must lead through.', {
            entries: integer('How many entries the journal had.'),
            hash: text('Its hash then.'),
          }),
          required: [],
          dependentRequired: { entries: ['hash'], hash: ['entries'] },
        },
        response: answers({
          200: object('What was found.', {
            damage: list(text('What is wrong.'), 'Empty for a store that is whole.'),
            journal: object('Where the chain over the journal ends.', {
              entries: integer('How many entries it has.'),
              hash: text('SHA-256 over the last entry and the hash before it.'),
            }),
          }),
        }),
      },
    },
    ({ query: { entries, hash } }) =>
      administration.checkStore(entries === undefined || hash === undefined ? null : { entries, hash }),
  );

  app.post(
    '/v1/store/backups',
    {
      schema: {
        tags: ['store'],
        summary: 'Back the store up',
        description:
          'Writes a whole copy of this instant into the folder `backups` of the state directory. The newest seven are kept.',
        response: answers({
          201: object('The copy.', { file: text('Where it is, on the machine of the service.') }),
        }),
      },
    },
    async (request, reply) => {
      const file = await administration.backUpStore();
      request.log.info({ file }, 'the store was backed up');
      return reply.code(201).send({ file });
    },
  );
}
