import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, it } from 'vitest';
import { ALERT_SCHEMA } from '../../src/server/formats/alert.js';
import { ALERTMANAGER_SCHEMA } from '../../src/server/formats/alertmanager.js';
import { CLOUDEVENT_SCHEMA } from '../../src/server/formats/cloudevents.js';
import { FAILURE_SCHEMA } from '../../src/server/formats/failure.js';
import { HEARTBEAT_SCHEMA } from '../../src/server/formats/heartbeat.js';
import { RESTART_ORDER_SCHEMA, SNAPSHOT_ORDER_SCHEMA } from '../../src/server/formats/order.js';
import { fakeAdministration, serve } from './fake-administration.js';

/** The service does not look at them each time it starts. */
const ajv = new Ajv2020({ strict: true });

it.each(
  Object.entries({
    ...{ ALERT_SCHEMA, ALERTMANAGER_SCHEMA, CLOUDEVENT_SCHEMA, FAILURE_SCHEMA, HEARTBEAT_SCHEMA },
    ...{ SNAPSHOT_ORDER_SCHEMA, RESTART_ORDER_SCHEMA },
  }),
)('%s is a JSON Schema', (_name, schema) => {
  expect(ajv.validateSchema(schema)).toBe(true);
});

it('the parameters of every route are described by JSON Schemas', async () => {
  const { app } = serve(fakeAdministration());
  await app.ready();
  const { paths } = app.swagger() as {
    paths: Record<string, Record<string, { parameters?: { schema: object }[] }>>;
  };
  const schemas = Object.values(paths)
    .flatMap((methods) => Object.values(methods))
    .flatMap(({ parameters = [] }) => parameters.map(({ schema }) => schema));
  expect(schemas.length).toBeGreaterThan(10);
  expect(schemas.filter((schema) => ajv.validateSchema(schema) !== true)).toEqual([]);
});
