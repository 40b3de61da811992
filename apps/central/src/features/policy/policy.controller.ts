import { Controller, Inject } from '@nestjs/common';
import { ApplyDocuments } from './apply-documents.ts';
import { applyResult, outcomeResponse } from './apply-result.ts';
import { connectionsToken } from './connections.ts';
import type { Connections } from './connections.ts';
import { writeRequest } from './write-request.ts';
import { Answer } from '../../platform/answer.ts';
import { TheCall } from '../../platform/call.ts';
import type { Call } from '../../platform/call.ts';
import { Endpoint } from '../../platform/endpoint.ts';

@Controller()
export class PolicyController {
  readonly #apply: ApplyDocuments;
  readonly #connections: Connections;

  constructor(
    @Inject(ApplyDocuments) apply: ApplyDocuments,
    @Inject(connectionsToken) connections: Connections,
  ) {
    this.#apply = apply;
    this.#connections = connections;
  }

  @Endpoint('apply')
  async apply(@TheCall() call: Call<'apply'>): Promise<Answer> {
    const { objects, ...query } = call.body;
    const result = await this.#apply.execute(objects, writeRequest(call, query));
    const answer = await applyResult(result, result.value.map(outcomeResponse), {
      dryRun: query.dryRun === 'All',
      connections: this.#connections,
    });
    return new Answer(answer, { revision: result.revision });
  }
}
