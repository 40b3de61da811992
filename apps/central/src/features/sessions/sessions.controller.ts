import { Controller, Inject } from '@nestjs/common';
import type { Session } from '@ambit/contracts';
import { AppError, defined } from '@ambit/kernel';
import { permissionsOf, principalName, teamsOf } from '../../platform/actor.ts';
import type { Actor } from '../../platform/actor.ts';
import { TheCall } from '../../platform/call.ts';
import type { Call } from '../../platform/call.ts';
import { Endpoint } from '../../platform/endpoint.ts';
import { listResponse, pageOf, timestamp } from '../../platform/object-response.ts';
import { PolicyWorld } from '../desired-state/public.ts';
import { ManageSessions } from './manage-sessions.ts';

/** Who is in, and who the caller is. */
@Controller()
export class SessionsController {
  readonly #sessions: ManageSessions;
  readonly #world: PolicyWorld;

  constructor(
    @Inject(ManageSessions) sessions: ManageSessions,
    @Inject(PolicyWorld) world: PolicyWorld,
  ) {
    this.#sessions = sessions;
    this.#world = world;
  }

  @Endpoint('listSessions')
  async list(@TheCall() { query }: Call<'listSessions'>): Promise<object> {
    return this.#page(await this.#sessions.list(), query);
  }

  @Endpoint('listOwnSessions')
  async listOwn(@TheCall() { actor, query }: Call<'listOwnSessions'>): Promise<object> {
    return this.#page(await this.#sessions.listOwn(actor), query);
  }

  @Endpoint('endSession')
  end(@TheCall() { actor, requestId, params }: Call<'endSession'>): Promise<object> {
    return this.#sessions.end({ actor, requestId }, params['id'] ?? '');
  }

  @Endpoint('endOneOwnSession')
  endOneOwn(@TheCall() { actor, requestId, params }: Call<'endOneOwnSession'>): Promise<object> {
    return this.#sessions.endOwn({ actor, requestId }, params['id'] ?? '');
  }

  @Endpoint('endOwnSession')
  endOwn(@TheCall() { actor, requestId }: Call<'endOwnSession'>): Promise<object> {
    const { kind, id } = actor.credential;
    if (kind === 'Session') return this.#sessions.endOwn({ actor, requestId }, id);
    throw new AppError('invalid_request', 'An API token has no session.', {
      hint: 'A token ends when it is revoked.',
      nextCommand: 'ambit token revoke NAME',
    });
  }

  @Endpoint('getMe')
  me(@TheCall() { actor }: Call<'getMe'>): object {
    const teams = teamsOf(actor);
    return {
      kind: 'Me',
      actor: principalName(actor.principal),
      permissions: [...permissionsOf(actor)],
      ...(teams.length === 0 ? {} : { teams: teams.map(({ name }) => name) }),
      ...credentialOf(actor),
    };
  }

  #page(sessions: readonly Session[], query: Call<'listSessions'>['query']): object {
    const page = pageOf(sessions, query, ({ id }) => id);
    return listResponse('Session', page, {
      revision: this.#world.revision,
      item: (session) => session,
    });
  }
}

function credentialOf({ credential: { id }, principal, expiresAt }: Actor): object {
  const end = expiresAt === undefined ? {} : { expiresAt: timestamp(expiresAt) };
  if (principal.kind !== 'token') return { session: { id, ...end } };
  const { role } = principal;
  return { role, tokenId: id, ...defined({ tokenExpiresAt: end.expiresAt }) };
}
