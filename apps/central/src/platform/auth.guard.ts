import type { IncomingMessage } from 'node:http';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { routes } from '@ambit/contracts';
import type { OperationId, Permission, Route } from '@ambit/contracts';
import { AppError, defined } from '@ambit/kernel';
import { credentialName, mayDo, principalName, teamsOf } from './actor.ts';
import type { Actor } from './actor.ts';
import type { AmbitRequest } from './call.ts';
import type { ClientAddress } from './client-address.ts';
import { operationOf } from './endpoint.ts';
import { isForAnyone } from './for-anyone.ts';

/** Finds who holds a bearer token. Throws token_missing, token_invalid, token_expired, token_revoked, rate_limited. */
export interface Authenticator {
  /** Reads the records of callers again; gives what says why one of them is no longer who it was. */
  recheck(actors: readonly Actor[]): Promise<(actor: Actor) => AppError | undefined>;
  authenticate(authorization: string | undefined, address: string): Promise<Actor>;
}

type OfTeams = Pick<Route, 'ofTeams'>;

/**
 * Denies by default: a handler without an operation is not callable, and the operation names the permission. Who calls
 * what is for anyone is not looked at, whatever credential comes along.
 */
export class AuthGuard implements CanActivate {
  readonly #authenticator: Authenticator;
  readonly #clientAddress: ClientAddress;

  constructor(authenticator: Authenticator, clientAddress: ClientAddress) {
    this.#authenticator = authenticator;
    this.#clientAddress = clientAddress;
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const operation = operationOf(context.getHandler());
    if (operation === undefined) throw new AppError('route_not_found', 'There is nothing here.');
    const request = context.switchToHttp().getRequest<AmbitRequest>();
    request.address = this.#clientAddress(request.raw);
    if (isForAnyone(operation)) return true;
    request.actor = await this.admit(request, operation);
    return true;
  }

  /** Who calls, whatever they may do. Throws what the authenticator throws. */
  async identify(request: IncomingMessage): Promise<Actor> {
    refuseRepeated(request.rawHeaders);
    return this.#authenticator.authenticate(
      request.headers.authorization,
      this.#clientAddress(request),
    );
  }

  /** As `identify`, by what was sent as `authorization`: once, or it is refused. */
  async identifyBy(authorizations: readonly string[], address: string): Promise<Actor> {
    const [authorization, ...more] = authorizations;
    if (more.length > 0) throw repeated();
    return this.#authenticator.authenticate(authorization, address);
  }

  /**
   * Whoever looks after a team may go on too where that is said to know what is theirs (`ofTeams`). Throws
   * `permission_denied`.
   */
  require(actor: Actor, permission: Permission, { ofTeams }: OfTeams = {}): void {
    if (mayDo(actor, permission)) return;
    if (ofTeams !== true || teamsOf(actor).length === 0) throw denied(actor, permission);
  }

  /** The caller, who may use the operation. Throws what the authenticator throws, and permission_denied. */
  async admit(request: AmbitRequest, operation: OperationId): Promise<Actor> {
    const actor = await this.identify(request.raw);
    const { permission, ofTeams }: Route = routes[operation];
    // What anyone may do is not asked here, and nobody holds it as a right.
    if (permission === 'anyone') throw denied(actor, permission);
    this.require(actor, permission, defined({ ofTeams }));
    return actor;
  }
}

function denied(actor: Actor, permission: Permission | 'anyone'): AppError {
  const { principal } = actor;
  const isToken = principal.kind === 'token';
  return new AppError('permission_denied', `The ${credentialName(actor)} may not do this.`, {
    why: isToken
      ? `It has the role ${principal.role}, and this needs ${permission}.`
      : `${principalName(principal)} has ${rolesOf(principal.roles)} in Ambit itself, and this needs ${permission}.`,
    hint: isToken
      ? 'Use a token whose role allows it; `ambit-central token create` makes one.'
      : 'Ask an administrator of Ambit.',
    details: { missing: permission },
  });
}

const rolesOf = (roles: readonly string[]): string =>
  roles.length === 0 ? 'no role' : `the role ${roles.join(' and ')}`;

/** Node joins or drops repeated headers, so two credentials could be read differently by a proxy and by us. */
function refuseRepeated(rawHeaders: readonly string[]): void {
  const given = rawHeaders.filter(
    (text, index) => index % 2 === 0 && text.toLowerCase() === 'authorization',
  );
  if (given.length > 1) throw repeated();
}

const repeated = (): AppError =>
  new AppError('token_invalid', 'The request carries more than one Authorization header.');
