import { Controller, Inject } from '@nestjs/common';
import { TheCall } from '../../platform/call.ts';
import type { Call } from '../../platform/call.ts';
import { Endpoint } from '../../platform/endpoint.ts';
import { listResponse, pageOf } from '../../platform/object-response.ts';
import { PolicyWorld } from '../desired-state/public.ts';
import { ExchangeToken } from './exchange-token.ts';
import { ServiceTokens } from './service-tokens.ts';

/** The ways in of pipelines and programs. */
@Controller()
export class ServicesController {
  readonly #exchange: ExchangeToken;
  readonly #tokens: ServiceTokens;
  readonly #world: PolicyWorld;

  constructor(
    @Inject(ExchangeToken) exchange: ExchangeToken,
    @Inject(ServiceTokens) tokens: ServiceTokens,
    @Inject(PolicyWorld) world: PolicyWorld,
  ) {
    this.#exchange = exchange;
    this.#tokens = tokens;
    this.#world = world;
  }

  @Endpoint('exchangeToken')
  exchange(@TheCall() { body, address, requestId }: Call<'exchangeToken'>): Promise<object> {
    return this.#exchange.run({ ...body, address, requestId });
  }

  @Endpoint('listServiceTokens')
  async list(@TheCall() { params, query }: Call<'listServiceTokens'>): Promise<object> {
    const page = pageOf(await this.#tokens.list(params['name'] ?? ''), query, ({ id }) => id);
    const { revision } = this.#world;
    return listResponse('ServiceToken', page, { revision, item: (token) => token });
  }

  @Endpoint('createServiceToken')
  create(
    @TheCall() { actor, address, requestId, params, body, reply }: Call<'createServiceToken'>,
  ): Promise<object> {
    void reply.header('cache-control', 'no-store');
    const { name, ttlSeconds } = body;
    const wanted = { service: params['name'] ?? '', name, ttlMs: ttlSeconds * 1000 };
    return this.#tokens.create({ actor, address, requestId }, wanted);
  }

  @Endpoint('revokeServiceToken')
  revoke(
    @TheCall() { actor, address, requestId, params }: Call<'revokeServiceToken'>,
  ): Promise<object> {
    const caller = { actor, address, requestId };
    return this.#tokens.revoke(caller, params['name'] ?? '', params['token'] ?? '');
  }
}
