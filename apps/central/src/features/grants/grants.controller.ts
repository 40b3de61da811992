import { Controller, Inject } from '@nestjs/common';
import type { Answer } from '../../platform/answer.ts';
import { TheCall } from '../../platform/call.ts';
import type { Call } from '../../platform/call.ts';
import { Endpoint } from '../../platform/endpoint.ts';
import { ObjectWrites } from '../policy/public.ts';
import { GrantReader } from './grant-reader.ts';

@Controller()
export class GrantsController {
  readonly #reader: GrantReader;
  readonly #writes: ObjectWrites;

  constructor(
    @Inject(GrantReader) reader: GrantReader,
    @Inject(ObjectWrites) writes: ObjectWrites,
  ) {
    this.#reader = reader;
    this.#writes = writes;
  }

  @Endpoint('listGrants')
  list(@TheCall() { query }: Call<'listGrants'>): Promise<object> {
    return this.#reader.list(query);
  }

  @Endpoint('getGrant')
  get(@TheCall() { params }: Call<'getGrant'>): Promise<object> {
    return this.#reader.get(params['name'] ?? '');
  }

  @Endpoint('putGrant')
  put(@TheCall() call: Call<'putGrant'>): Promise<Answer> {
    return this.#writes.put(call, () => this.#reader.get(call.body.metadata.name));
  }

  @Endpoint('deleteGrant')
  delete(@TheCall() call: Call<'deleteGrant'>): Promise<Answer> {
    return this.#writes.delete('Grant', call);
  }
}
