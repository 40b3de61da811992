import { Controller, Inject } from '@nestjs/common';
import { TheCall } from '../../platform/call.ts';
import type { Call } from '../../platform/call.ts';
import { Endpoint } from '../../platform/endpoint.ts';
import { ProviderTests } from './provider-tests.ts';

/** Tests of providers, for administrators. */
@Controller()
export class IdentityProvidersController {
  readonly #tests: ProviderTests;

  constructor(@Inject(ProviderTests) tests: ProviderTests) {
    this.#tests = tests;
  }

  @Endpoint('startProviderTest')
  start(@TheCall() call: Call<'startProviderTest'>): Promise<object> {
    void call.reply.header('cache-control', 'no-store');
    return this.#tests.start(call, call.params['name'] ?? '');
  }

  @Endpoint('getProviderTest')
  get(@TheCall() { params, reply }: Call<'getProviderTest'>): Promise<object> {
    void reply.header('cache-control', 'no-store');
    return this.#tests.get(params['name'] ?? '', params['id'] ?? '');
  }
}
