import { Controller, Inject } from '@nestjs/common';
import { ApplyDocuments } from './apply-documents.ts';
import { applyResult, outcomeResponse, withWarnings } from './apply-result.ts';
import { connectionsToken } from './connections.ts';
import type { Connections } from './connections.ts';
import { ScopeWarnings } from './scope-warnings.ts';
import { writeRequest } from './write-request.ts';
import { Answer } from '../../platform/answer.ts';
import { TheCall } from '../../platform/call.ts';
import type { Call } from '../../platform/call.ts';
import { Endpoint } from '../../platform/endpoint.ts';

@Controller()
export class PolicyController {
  readonly #apply: ApplyDocuments;
  readonly #connections: Connections;
  readonly #warnings: ScopeWarnings;

  constructor(
    @Inject(ApplyDocuments) apply: ApplyDocuments,
    @Inject(connectionsToken) connections: Connections,
    @Inject(ScopeWarnings) warnings: ScopeWarnings,
  ) {
    this.#warnings = warnings;
    this.#apply = apply;
    this.#connections = connections;
  }

  @Endpoint('apply')
  async apply(@TheCall() call: Call<'apply'>): Promise<Answer> {
    const { objects, details, ...query } = call.body;
    // Before anything is stored: a change that is made must not end in an error.
    const warnings = await this.#warnings.of(objects);
    const result = await this.#apply.execute(objects, writeRequest(call, query));
    const answer = await applyResult(result, result.value.map(outcomeResponse), {
      dryRun: query.dryRun === 'All',
      connections: this.#connections,
      complete: details === 'All',
    });
    return new Answer(withWarnings(answer, warnings), { revision: result.revision });
  }
}
