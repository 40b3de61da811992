import { basePath, querySchemas, requestSchemas, responseSchemas, routes } from '@ambit/contracts';
import type { Route } from '@ambit/contracts';
import { z } from 'zod';

type Json = Record<string, unknown>;

const jsonSchema = (schema: z.ZodType, io: 'input' | 'output'): Json => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    target: 'draft-2020-12',
  });
  return rest;
};

/** The OpenAPI 3.1 description of the REST API, printed from the route table and its schemas. */
export function openApiDocument(version: string): Json {
  const paths: Record<string, Json> = {};
  for (const [operationId, route] of Object.entries(routes) as [string, Route][]) {
    const path = `${basePath}${route.path}`;
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(operationId, route) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Ambit',
      version,
      description: 'Who may do what in a fleet of Kubernetes clusters.',
    },
    security: [{ token: [] }],
    paths,
    components: {
      securitySchemes: {
        token: {
          type: 'http',
          scheme: 'bearer',
          description: 'An API token (amb_…) or a session (ambs_…).',
        },
      },
      schemas: { ...printed(requestSchemas, 'input'), ...printed(responseSchemas, 'output') },
    },
  };
}

function printed(schemas: Readonly<Record<string, z.ZodType>>, io: 'input' | 'output'): Json {
  return Object.fromEntries(
    Object.entries(schemas).map(([name, schema]) => [name, jsonSchema(schema, io)]),
  );
}

function operation(operationId: string, route: Route): Json {
  return {
    operationId,
    summary: route.summary,
    tags: [route.path.split('/')[1]],
    'x-permission': route.permission,
    ...(route.permission === 'anyone' ? { security: [] } : {}),
    parameters: [...pathParameters(route.path), ...queryParameters(route)],
    ...(route.request === undefined
      ? {}
      : { requestBody: { required: true, content: content(route.request) } }),
    responses: {
      [route.status]: { description: 'Done.', content: answerOf(route) },
      ...(route.request?.endsWith('Write')
        ? { 201: { description: 'Created.', content: content(route.response) } }
        : {}),
      default: {
        description: 'What went wrong and what to do next.',
        content: { 'application/problem+json': { schema: reference('Problem') } },
      },
    },
  };
}

function pathParameters(path: string): Json[] {
  return Array.from(path.matchAll(/\{(\w+)\}/g), ([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
}

function queryParameters(route: Route): Json[] {
  const { properties = {}, required = [] } = jsonSchema(querySchemas[route.query], 'input') as {
    properties?: Record<string, Json>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    schema,
  }));
}

/** A dry run is answered with what it would do. */
function answerOf(route: Route): Json {
  const names = route.dryRun === true ? [route.response, 'ApplyResult'] : [route.response];
  const schemas = [...new Set(names)].map(reference);
  return { 'application/json': { schema: schemas.length === 1 ? schemas[0] : { oneOf: schemas } } };
}

const reference = (name: string): Json => ({ $ref: `#/components/schemas/${name}` });
const content = (name: string): Json => ({ 'application/json': { schema: reference(name) } });
