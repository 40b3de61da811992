import { constants } from 'node:http2';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import { setTimeout as wait } from 'node:timers/promises';
import type { UserInfo } from '@ambit/rbac';
import { collectionNamespace } from './api-handler.ts';
import type { ApiHandler, ApiReply } from './api-handler.ts';
import { credentialsOf, dropConnection } from './api-listener.ts';
import type { SimulatedAuthenticator } from './authenticator.ts';
import type { Fault, Faults } from './faults.ts';
import { actingUser } from './impersonate.ts';
import type { ObjectStore } from './object-store.ts';
import { readJsonBody } from './read-body.ts';
import type { RequestLog } from './request-log.ts';
import { attributesOf, readRequestInfo } from './request-info.ts';
import type { RequestInfo } from './request-info.ts';
import { badRequest, StatusError } from './status-error.ts';
import { authorizeByStore } from './store-rbac.ts';
import type { Watches } from './watches.ts';

export interface ApiServerParts {
  readonly store: ObjectStore;
  readonly authenticator: SimulatedAuthenticator;
  readonly handler: ApiHandler;
  readonly watches: Watches;
  readonly faults: Faults;
  readonly log: RequestLog;
  readonly now: () => number;
}

/** One request from its first byte to its answer: fault, authentication, authorisation, handling, log. */
export class ApiServer {
  readonly #parts: ApiServerParts;

  constructor(parts: ApiServerParts) {
    this.#parts = parts;
  }

  /** Never rejects. */
  async serve(request: Http2ServerRequest, response: Http2ServerResponse): Promise<void> {
    response.on('error', () => undefined);
    request.on('error', () => undefined);
    const info = readRequestInfo(request.method, request.url);
    if (info === undefined) {
      this.#send(response, errorReply(badRequest('the path cannot be decoded')));
      return;
    }
    const fault = this.#parts.faults.take(info);
    await heldUp(fault);
    if (fault?.hang === true) return;
    if (fault?.refuseStream === true) {
      request.stream.close(constants.NGHTTP2_REFUSED_STREAM);
      return;
    }
    if (fault?.dropConnection === 'before') {
      dropConnection(request);
      return;
    }
    await this.#answer(request, response, info, fault);
  }

  async #answer(
    request: Http2ServerRequest,
    response: Http2ServerResponse,
    info: RequestInfo,
    fault: Fault | undefined,
  ): Promise<void> {
    let user: UserInfo | undefined;
    let reply: ApiReply | 'streams';
    try {
      user = this.#user(request);
      refuseByFault(fault);
      reply = await this.#act(request, response, info, user);
    } catch (error) {
      reply = errorReply(error);
      const seconds = error instanceof StatusError ? error.retryAfterSeconds : undefined;
      if (seconds !== undefined) response.setHeader('retry-after', String(seconds));
    }
    this.#parts.log.add(info, user?.name ?? '', reply === 'streams' ? 200 : reply.status);
    if (fault?.dropConnection === 'after') dropConnection(request);
    else if (reply !== 'streams') this.#send(response, reply);
  }

  async #act(
    request: Http2ServerRequest,
    response: Http2ServerResponse,
    info: RequestInfo,
    user: UserInfo,
  ): Promise<ApiReply | 'streams'> {
    const body = await readJsonBody(request);
    this.#authorize(info, user);
    if (info.verb === 'watch' && info.resource !== undefined && info.subresource === '') {
      this.#watch(response, { ...info, resource: info.resource });
      return 'streams';
    }
    return this.#parts.handler.handle({
      info,
      user,
      body,
      userAgent: request.headers['user-agent'] ?? '',
      accept: request.headers.accept ?? '',
      ifNoneMatch: request.headers['if-none-match'] ?? '',
      contentType: (request.headers['content-type'] ?? '').split(';')[0]?.trim() ?? '',
    });
  }

  #user(request: Http2ServerRequest): UserInfo {
    const { authenticator, store } = this.#parts;
    const caller = authenticator.authenticate(credentialsOf(request));
    if (caller === undefined) {
      throw new StatusError({ code: 401, reason: 'Unauthorized', message: 'Unauthorized' });
    }
    return actingUser(store, caller, request.headers);
  }

  #authorize(info: RequestInfo, user: UserInfo): void {
    const { allowed, reason } = authorizeByStore(this.#parts.store, user, attributesOf(info));
    if (!allowed) throw denied(info, user, reason);
  }

  #watch(
    response: Http2ServerResponse,
    info: RequestInfo & { resource: NonNullable<RequestInfo['resource']> },
  ): void {
    const namespace = collectionNamespace(info, info.resource);
    let begun = false;
    const begin = (): void => {
      if (begun) return;
      begun = true;
      this.#setHead(response, 200, 'application/json');
      // Also there on HTTP/2, whatever its type says: a watch without events has to be answered too.
      (response as unknown as { flushHeaders(): void }).flushHeaders();
    };
    const sink = {
      write: (line: string): void => {
        begin();
        if (!response.writableEnded) response.write(line);
      },
      end: (): void => {
        begin();
        response.end();
      },
    };
    const close = this.#parts.watches.open(
      { resource: info.resource, namespace, query: info.query },
      sink,
    );
    begin();
    response.once('close', close);
  }

  #send(response: Http2ServerResponse, { status, body, etag, contentType }: ApiReply): void {
    if (etag !== undefined) response.setHeader('etag', etag);
    const isText = typeof body === 'string';
    const type = isText ? 'text/plain; charset=utf-8' : (contentType ?? 'application/json');
    // A client puts the head of "not modified" over the one that it kept.
    this.#setHead(response, status, status === 304 ? undefined : type);
    response.end(isText ? body : `${JSON.stringify(body)}\n`);
  }

  #setHead(response: Http2ServerResponse, status: number, contentType: string | undefined): void {
    response.statusCode = status;
    if (contentType !== undefined) response.setHeader('content-type', contentType);
    response.setHeader('cache-control', 'no-cache, private');
    response.setHeader('date', new Date(this.#parts.now()).toUTCString());
  }
}

async function heldUp(fault: Fault | undefined): Promise<void> {
  if (fault?.delayMs !== undefined) await wait(fault.delayMs);
  await fault?.until;
}

function refuseByFault(fault: Fault | undefined): void {
  if (fault?.status === undefined) return;
  throw new StatusError({
    code: fault.status,
    ...(fault.reason === undefined ? {} : { reason: fault.reason }),
    message: fault.message ?? `injected ${fault.status}`,
    ...(fault.retryAfter === undefined ? {} : { retryAfterSeconds: fault.retryAfter }),
  });
}

function errorReply(error: unknown): ApiReply {
  if (error instanceof StatusError) return { status: error.code, body: error.body };
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return {
    status: 500,
    body: new StatusError({ code: 500, reason: 'InternalError', message }).body,
  };
}

/** apiserver, pkg/endpoints/handlers/responsewriters/errors.go. */
function denied(info: RequestInfo, user: UserInfo, reason: string): StatusError {
  const who = `User ${JSON.stringify(user.name)}`;
  const why = reason === '' ? '' : `: ${reason}`;
  if (!info.isResource) {
    const message = `forbidden: ${who} cannot ${info.verb} path ${JSON.stringify(info.path)}${why}`;
    return new StatusError({ code: 403, reason: 'Forbidden', message, details: {} });
  }
  const resource = info.subresource === '' ? info.plural : `${info.plural}/${info.subresource}`;
  const plural = info.group === '' ? info.plural : `${info.plural}.${info.group}`;
  const what = info.name === '' ? plural : `${plural} ${JSON.stringify(info.name)}`;
  const place =
    info.namespace === ''
      ? 'at the cluster scope'
      : `in the namespace ${JSON.stringify(info.namespace)}`;
  return new StatusError({
    code: 403,
    reason: 'Forbidden',
    message:
      `${what} is forbidden: ${who} cannot ${info.verb} resource ${JSON.stringify(resource)} ` +
      `in API group ${JSON.stringify(info.group)} ${place}${why}`,
    details: {
      ...(info.name === '' ? {} : { name: info.name }),
      ...(info.group === '' ? {} : { group: info.group }),
      kind: info.plural,
    },
  });
}
