import { Controller, Inject } from '@nestjs/common';
import { auditActor } from '../../platform/actor.ts';
import { TheCall } from '../../platform/call.ts';
import type { Call } from '../../platform/call.ts';
import { Endpoint } from '../../platform/endpoint.ts';
import { listResponse, pageOf } from '../../platform/object-response.ts';
import { PolicyWorld } from '../desired-state/public.ts';
import { ManageTokens } from './manage-tokens.ts';

@Controller()
export class TokensController {
  readonly #tokens: ManageTokens;
  readonly #world: PolicyWorld;

  constructor(@Inject(ManageTokens) tokens: ManageTokens, @Inject(PolicyWorld) world: PolicyWorld) {
    this.#tokens = tokens;
    this.#world = world;
  }

  @Endpoint('listApiTokens')
  async list(@TheCall() { query }: Call<'listApiTokens'>): Promise<object> {
    const page = pageOf(await this.#tokens.list(), query, ({ id }) => id);
    return listResponse('ApiToken', page, {
      revision: this.#world.revision,
      item: (token) => token,
    });
  }

  @Endpoint('createApiToken')
  create(@TheCall() { actor, requestId, body }: Call<'createApiToken'>): Promise<object> {
    const { name, role, ttlSeconds } = body;
    const caller = { actor: auditActor(actor), requestId };
    return this.#tokens.create(caller, { name, role, ttlMs: ttlSeconds * 1000 });
  }

  @Endpoint('revokeApiToken')
  revoke(@TheCall() { actor, requestId, params }: Call<'revokeApiToken'>): Promise<object> {
    return this.#tokens.revoke({ actor: auditActor(actor), requestId }, params['id'] ?? '');
  }
}
