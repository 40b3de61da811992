import { Controller, Inject } from '@nestjs/common';
import { Answer } from '../../platform/answer.ts';
import { TheCall } from '../../platform/call.ts';
import type { Call } from '../../platform/call.ts';
import { Endpoint } from '../../platform/endpoint.ts';
import { writeRequest } from '../policy/public.ts';
import { AnswerAccess } from './answer-access.ts';
import { RevokeAccess } from './revoke-access.ts';

@Controller()
export class AccessController {
  readonly #answers: AnswerAccess;
  readonly #revoke: RevokeAccess;

  constructor(
    @Inject(AnswerAccess) answers: AnswerAccess,
    @Inject(RevokeAccess) revoke: RevokeAccess,
  ) {
    this.#answers = answers;
    this.#revoke = revoke;
  }

  @Endpoint('checkAccess')
  check(@TheCall() { body }: Call<'checkAccess'>): Promise<object> {
    return this.#answers.check(body);
  }

  @Endpoint('whoCan')
  whoCan(@TheCall() { query }: Call<'whoCan'>): Promise<object> {
    return this.#answers.whoCan(query);
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
