import type { FastifyInstance, FastifyRequest } from 'fastify';
import { parseJson } from './json.js';
import { HttpProblem } from './problem.js';

/** Lets the routes of `app` take bodies of these media types, all of them JSON. */
export function jsonBodies(app: FastifyInstance, mediaTypes: readonly string[]): void {
  app.addContentTypeParser(
    [...mediaTypes],
    { parseAs: 'buffer' },
    async (request: FastifyRequest, body: Buffer) => {
      const coding = request.headers['content-encoding'];
      if (coding !== undefined && coding.toLowerCase() !== 'identity') {
        throw new HttpProblem('MEDIA_TYPE', 'send the body without a Content-Encoding');
      }
      return parseJson(body);
    },
  );
}
