import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  apiVersion,
  basePath,
  parseRequest,
  parseWith,
  policyKinds,
  problemContentType,
  querySchemas,
  responseSchemas,
  routes,
  toProblem,
  type OperationId,
  type Route,
} from '@ambit/contracts';
import { AppError, notFound, parseJson, toAppError } from '@ambit/kernel';

export interface Received {
  readonly operation: OperationId;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, unknown>>;
  readonly body: unknown;
  readonly headers: IncomingMessage['headers'];
}

export type Answer = (call: Received, response: ServerResponse) => unknown;

/**
 * An HTTP server with central's routes that checks requests and answers by the contract, and holds what the test gives it:
 * one answer per operation. An operation without one answers 404. What it says without a test, and the objects below, pass the
 * suite that central passes (`test/conformance/central-rest.ts`).
 */
export class SmallCentral {
  readonly token = 'amb_canary0_0123456789abcdef_zz';
  readonly calls: Received[] = [];
  readonly urls: string[] = [];
  answers: Partial<Record<OperationId, Answer>> = {};
  /** The session that lets in beside the token; none once it is ended. */
  session: string | undefined;
  url = '';
  #server: Server | undefined;

  async start(): Promise<void> {
    this.#server = createServer((request, response) => void this.#serve(request, response));
    await new Promise<void>((resolve) => this.#server?.listen(0, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server?.closeAllConnections();
    await new Promise((resolve) => this.#server?.close(resolve));
  }

  /** Operations called so far, in order. */
  operations(): OperationId[] {
    return this.calls.map(({ operation }) => operation);
  }

  bodyOf(operation: OperationId): unknown {
    return this.calls.find((call) => call.operation === operation)?.body;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.urls.push(request.url ?? '');
    try {
      const call = await this.#read(request);
      this.calls.push(call);
      const answer = this.answers[call.operation];
      if (answer === undefined) throw nothingThere(call);
      const body = await answer(call, response);
      if (response.headersSent) return;
      const route: Route = routes[call.operation];
      const effect = (body as { kind?: string }).kind === 'ApplyResult';
      const parsed = responseSchemas[effect ? 'ApplyResult' : route.response].parse(body);
      send(response, makesNew(call) ? 201 : route.status, parsed);
    } catch (error) {
      sendProblem(response, toAppError(error));
    }
  }

  #refuseUnknown(authorization: string | undefined): void {
    const known = [this.token, this.session].filter((one) => one !== undefined);
    if (known.some((one) => authorization === `Bearer ${one}`)) return;
    const code = authorization === undefined ? 'token_missing' : 'token_invalid';
    throw new AppError(code, 'The token is not known.', {
      hint: 'It may belong to another installation.',
      nextCommand: 'ambit login',
    });
  }

  async #read(request: IncomingMessage): Promise<Received> {
    const { authorization } = request.headers;
    const url = new URL(request.url ?? '', this.url);
    const found = findRoute(request.method ?? '', url.pathname);
    const route: Route | undefined = found && routes[found.operation];
    if (route?.permission !== 'anyone') this.#refuseUnknown(authorization);
    if (found === undefined || route === undefined) {
      throw new AppError('route_not_found', `${request.method} ${url.pathname} is not a route.`);
    }
    const query = Object.fromEntries(url.searchParams);
    const body = await bodyOf(request);
    return {
      ...found,
      query: parseWith(querySchemas[route.query], query, 'The query'),
      body: route.request === undefined ? body : parseRequest(route.request, body),
      headers: request.headers,
    };
  }
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += chunk as string;
  return text === '' ? undefined : parseJson(text);
}

function findRoute(method: string, pathname: string) {
  for (const [operation, route] of Object.entries(routes)) {
    const pattern = route.path.replace(/\{(\w+)\}/g, '(?<$1>[^/]+)');
    const match = new RegExp(`^${basePath}${pattern}$`).exec(pathname);
    if (match === null || route.method !== method) continue;
    const params = Object.fromEntries(
      Object.entries(match.groups ?? {}).map(([name, value]) => [name, decodeURIComponent(value)]),
    );
    return { operation: operation as OperationId, params };
  }
  return undefined;
}

/** It is to be refused when there is one, so that what it puts is new. */
const makesNew = ({ headers }: Received): boolean => headers['if-none-match'] === '*';

function nothingThere({ operation, params }: Received): AppError {
  const [, plural] = routes[operation].path.split('/');
  const kind = policyKinds.find((each) => each.plural === plural)?.kind ?? 'thing';
  return notFound(kind, params['name'] ?? operation);
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function sendProblem(response: ServerResponse, error: AppError): void {
  const problem = toProblem(error, 'REQ-1');
  response
    .writeHead(problem.status, { 'content-type': problemContentType })
    .end(JSON.stringify(problem));
}

const meta = (name: string) => ({
  name,
  uid: '0192f0c1-0000-7000-8000-000000000001',
  labels: {},
  annotations: {},
  generation: 1,
  resourceVersion: '418',
  creationTimestamp: '2026-01-01T00:00:00Z',
});

export const aUser = (name: string, more: object = {}) => ({
  apiVersion,
  kind: 'User',
  metadata: meta(name),
  spec: { active: true, ...more },
  status: { groups: ['sre'], conditions: [] },
});

export const aCluster = (name: string, status: object = {}) => ({
  apiVersion,
  kind: 'Cluster',
  metadata: meta(name),
  spec: { subjects: { mode: 'Users', userPrefix: 'ambit:' } },
  status: {
    phase: 'Connected',
    connected: true,
    problems: [],
    moreProblems: 0,
    conditions: [],
    ...status,
  },
});

export const aGrant = (name: string, status: object) => ({
  apiVersion,
  kind: 'Grant',
  metadata: meta(name),
  spec: {
    subjects: [{ user: 'alice' }],
    role: 'view',
    scope: { clusters: { names: ['a'] }, clusterWide: true },
  },
  status,
});

export const aList = (kind: string, items: readonly unknown[], next?: string) => ({
  apiVersion,
  kind: `${kind}List`,
  metadata: { resourceVersion: '418', ...(next === undefined ? {} : { continue: next }) },
  items,
});

export const anEffect = (name: string, more: object = {}) => ({
  name,
  connected: true,
  bindingsAdded: 1,
  bindingsRemoved: 0,
  gain: ['alice'],
  gainTotal: 1,
  lose: [],
  loseTotal: 0,
  ...more,
});

export const aResult = (more: object = {}) => ({
  kind: 'ApplyResult',
  dryRun: false,
  changed: true,
  revision: 419,
  objects: [],
  clusters: [],
  ...more,
});

export const aProgress = (name: string, more: object = {}) => ({
  name,
  connected: true,
  appliedRevision: 419,
  done: true,
  inForce: !('done' in more) || more.done === true,
  problems: [],
  otherProblems: 0,
  moreProblems: 0,
  ...more,
});

export const aRevision = (clusters: readonly { done: boolean; connected: boolean }[]) => ({
  kind: 'RevisionStatus',
  revision: 419,
  known: true,
  done: clusters.every(({ done, connected }) => done || !connected),
  clusters,
});
