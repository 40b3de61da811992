import type { IncomingMessage, ServerResponse } from 'node:http';
import { AppError } from '@ambit/kernel';
import type { Logger } from '@ambit/kernel';
import type { Meters, centralMetrics } from '@ambit/observability';
import type { Actor } from '../../../platform/actor.ts';
import type { RawHandler } from '../../../platform/raw-mount.ts';
import type { PolicyWorld } from '../../desired-state/public.ts';
import { directoryCaller } from '../directory-caller.ts';
import type { DirectoryCaller } from '../directory-caller.ts';
import type { DirectoryUseCases } from '../directory-use-cases.ts';
import { scimCall, scimPath } from './scim-call.ts';
import type { ScimAnswer } from './scim-call.ts';
import { toScimFailure } from './scim-error.ts';
import type { ScimFailure } from './scim-error.ts';
import { scimOperation } from './scim-operation.ts';
import { ScimResources } from './scim-resources.ts';

export { scimPath } from './scim-call.ts';

/** Calls of one directory that are worked on at once; they follow one another anyway. */
const mostAtOnce = 16;

export interface ScimPorts {
  readonly directories: DirectoryUseCases;
  readonly world: PolicyWorld;
  readonly logger: Logger;
  readonly meters: Pick<Meters<typeof centralMetrics>, 'scimRequests'>;
  /** Who calls. Throws what an `Authenticator` throws. */
  identify(request: IncomingMessage): Promise<Actor>;
  publicUrl(): string;
  newRequestId(): string;
}

/** SCIM 2.0 beside the API, on its port: directories know nothing of our errors and types. */
export function scimHandler(ports: ScimPorts): RawHandler {
  const resources = new ScimResources(ports.directories);
  const running = new Map<string, number>();
  const limited = async (uid: string, work: () => Promise<ScimAnswer>): Promise<ScimAnswer> => {
    const now = running.get(uid) ?? 0;
    if (now >= mostAtOnce) throw tooMany();
    running.set(uid, now + 1);
    try {
      return await work();
    } finally {
      running.set(uid, (running.get(uid) ?? 1) - 1);
    }
  };
  const answered = async (caller: DirectoryCaller, request: IncomingMessage): Promise<ScimAnswer> =>
    limited(caller.directory.uid, () => {
      const call = scimCall(request, caller, `${ports.publicUrl()}${scimPath}`);
      return resources.answer(call);
    });
  return async (request, response) => {
    const requestId = ports.newRequestId();
    let caller: DirectoryCaller | undefined;
    const count = (status: number): void =>
      ports.meters.scimRequests.inc({
        provider: caller?.directory.name ?? '',
        operation: scimOperation(request),
        code: String(status),
      });
    try {
      caller = directoryCaller(ports.world, await ports.identify(request), requestId);
      const answer = await answered(caller, request);
      ports.directories.news.note(caller.directory.uid);
      count(answer.status);
      send(response, answer, requestId);
    } catch (error) {
      const failure = toScimFailure(error);
      tell(ports, failure, { requestId, caller });
      count(failure.status);
      if (!request.complete) response.shouldKeepAlive = false;
      send(response, failure, requestId);
    }
  };
}

interface Told {
  readonly requestId: string;
  readonly caller: DirectoryCaller | undefined;
}

/** A directory looks for what is not there before it makes it: that is no error of it. */
function tell(
  { directories, logger }: ScimPorts,
  { error, status }: ScimFailure,
  { requestId, caller }: Told,
): void {
  if (error.kind === 'internal')
    logger.error('a request failed', { requestId, error: error.cause ?? error });
  if (caller === undefined) return;
  const { uid } = caller.directory;
  if (status === 404) directories.news.note(uid);
  else directories.news.note(uid, `${status}: ${error.message}`);
}

const tooMany = (): AppError =>
  new AppError('rate_limited', `More than ${mostAtOnce} calls of this directory run at once.`, {
    hint: 'Send it again a little later.',
    details: { retryAfterSeconds: 1 },
  });

function send(response: ServerResponse, { status, body, headers }: ScimAnswer, id: string): void {
  const text = body === undefined ? '' : JSON.stringify(body);
  response.writeHead(status, {
    ...(body === undefined ? {} : { 'content-type': 'application/scim+json; charset=utf-8' }),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'ambit-request-id': id,
    ...headers,
  });
  response.end(text);
}
