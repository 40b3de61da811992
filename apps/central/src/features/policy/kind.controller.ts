import { Controller, Inject } from '@nestjs/common';
import type { Type } from '@nestjs/common';
import { findPolicyKind, operationsOf } from '@ambit/contracts';
import type { KindOperations, PolicyKindName } from '@ambit/contracts';
import { AppError } from '@ambit/kernel';
import type { Answer } from '../../platform/answer.ts';
import { TheCall } from '../../platform/call.ts';
import type { Call } from '../../platform/call.ts';
import { Endpoint } from '../../platform/endpoint.ts';
import { KindEndpoints } from './kind-endpoints.ts';

/** The controller of one kind of policy object. Throws `internal` for a kind without a contract. */
export function kindController(kind: PolicyKindName): Type<unknown> {
  const contract = findPolicyKind(kind);
  if (contract === undefined) throw new AppError('internal', `${kind} has no contract.`);
  const operations = operationsOf<PolicyKindName>(contract);

  @Controller()
  class KindController {
    readonly #endpoints: KindEndpoints;

    constructor(@Inject(KindEndpoints) endpoints: KindEndpoints) {
      this.#endpoints = endpoints;
    }

    @Endpoint(operations.list)
    list(@TheCall() call: Call<KindOperations['list']>): Promise<object> {
      return this.#endpoints.list(kind, call);
    }

    @Endpoint(operations.get)
    get(@TheCall() call: Call<KindOperations['get']>): Promise<object> {
      return this.#endpoints.get(kind, call);
    }

    @Endpoint(operations.put)
    put(@TheCall() call: Call<KindOperations['put']>): Promise<Answer> {
      return this.#endpoints.put(kind, call);
    }

    @Endpoint(operations.delete)
    delete(@TheCall() call: Call<KindOperations['delete']>): Promise<Answer> {
      return this.#endpoints.delete(kind, call);
    }
  }
  return KindController;
}
