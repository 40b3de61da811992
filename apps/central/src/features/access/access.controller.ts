import { Controller, Inject } from '@nestjs/common';
import { Answer } from '../../platform/answer.ts';
import { TheCall } from '../../platform/call.ts';
import { whileHeard } from '../../platform/call.ts';
import type { Call } from '../../platform/call.ts';
import type { Actor } from '../../platform/actor.ts';
import { Endpoint } from '../../platform/endpoint.ts';
import { writeRequest } from '../policy/public.ts';
import { AnswerAccess } from './answer-access.ts';
import { askerOf } from './asked-whom.ts';
import type { Asker } from './asked-whom.ts';
import { AnswerEffective } from './effective-access.ts';
import { ExplainAccess } from './explain-access.ts';
import { RevokeAccess } from './revoke-access.ts';

@Controller()
export class AccessController {
  readonly #answers: AnswerAccess;
  readonly #effective: AnswerEffective;
  readonly #explain: ExplainAccess;
  readonly #revoke: RevokeAccess;

  constructor(
    @Inject(AnswerAccess) answers: AnswerAccess,
    @Inject(AnswerEffective) effective: AnswerEffective,
    @Inject(ExplainAccess) explain: ExplainAccess,
    @Inject(RevokeAccess) revoke: RevokeAccess,
  ) {
    this.#answers = answers;
    this.#effective = effective;
    this.#explain = explain;
    this.#revoke = revoke;
  }

  @Endpoint('checkAccess')
  check(@TheCall() call: Call<'checkAccess'>): Promise<object> {
    return this.#answers.check(call.body, caller(call).waiting, call.query.at);
  }

  @Endpoint('whoCan')
  whoCan(@TheCall() call: Call<'whoCan'>): Promise<object> {
    return this.#answers.whoCan(call.query, caller(call).waiting);
  }

  @Endpoint('effectiveAccess')
  effective(@TheCall() call: Call<'effectiveAccess'>): Promise<object> {
    return this.#effective.of(call.query, caller(call));
  }

  @Endpoint('explainAccess')
  explain(@TheCall() call: Call<'explainAccess'>): Promise<object> {
    return this.#explain.of(call.query, caller(call));
  }

  @Endpoint('revokeAccess')
  async revoke(@TheCall() call: Call<'revokeAccess'>): Promise<Answer> {
    const { dryRun, confirmRemovals } = call.body;
    const query = {
      ...(dryRun === undefined ? {} : { dryRun }),
      ...(confirmRemovals === undefined ? {} : { confirmRemovals }),
    };
    const result = await this.#revoke.execute(call.body, writeRequest(call, query));
    return new Answer(result, { revision: result.revision });
  }
}

/** Who calls, until the connection is gone. */
const caller = (call: { readonly actor: Actor } & Parameters<typeof whileHeard>[0]): Asker =>
  askerOf(call.actor, whileHeard(call));
