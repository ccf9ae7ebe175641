import type { FastifyInstance } from 'fastify';
import { HttpProblem } from './problem.js';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;

/**
 * Answers 405 with Allow at an address that exists for other methods; fastify alone says 404.
 * Call it before the routes are registered.
 */
export function refuseOtherMethods(app: FastifyInstance): { register: () => void } {
  const allowed = new Map<string, Set<string>>();
  app.addHook('onRoute', ({ url, method }) => {
    const known = allowed.get(url) ?? new Set();
    for (const one of [method].flat()) known.add(one);
    allowed.set(url, known);
  });

  return {
    register() {
      // A copy: the routes made here come by the hook as well.
      for (const [url, known] of [...allowed]) {
        const allow = [...known].sort().join(', ');
        const refuse = (): never => {
          throw new HttpProblem('METHOD_NOT_ALLOWED', `use ${allow}`, { headers: { allow } });
        };
        app.route({
          method: METHODS.filter((method) => !known.has(method)),
          url,
          schema: { hide: true },
          onRequest: async () => refuse(),
          handler: async () => refuse(),
        });
      }
    },
  };
}
