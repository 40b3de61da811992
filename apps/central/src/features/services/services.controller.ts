import { Controller, Inject } from '@nestjs/common';
import { TheCall } from '../../platform/call.ts';
import type { Call } from '../../platform/call.ts';
import { Endpoint } from '../../platform/endpoint.ts';
import { ExchangeToken } from './exchange-token.ts';

/** The way in of pipelines and programs. */
@Controller()
export class ServicesController {
  readonly #exchange: ExchangeToken;

  constructor(@Inject(ExchangeToken) exchange: ExchangeToken) {
    this.#exchange = exchange;
  }

  @Endpoint('exchangeToken')
  exchange(@TheCall() { body, address, requestId }: Call<'exchangeToken'>): Promise<object> {
    return this.#exchange.run({ ...body, address, requestId });
  }
}
