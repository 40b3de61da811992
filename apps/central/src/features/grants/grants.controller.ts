import { Controller, Inject } from '@nestjs/common';
import type { Clock } from '@ambit/kernel';
import { findGrant, listGrants } from '@ambit/persistence';
import type { Database } from '@ambit/persistence';
import type { Answer } from '../../platform/answer.ts';
import { TheCall } from '../../platform/call.ts';
import type { Call } from '../../platform/call.ts';
import { Endpoint } from '../../platform/endpoint.ts';
import { runtimeTokens } from '../../platform/runtime.ts';
import { found, listResponse } from '../../platform/object-response.ts';
import { PolicyWorld } from '../desired-state/public.ts';
import { listQuery, ObjectWrites } from '../policy/public.ts';
import { grantResponse } from './grant-response.ts';

@Controller()
export class GrantsController {
  readonly #database: Database;
  readonly #world: PolicyWorld;
  readonly #writes: ObjectWrites;
  readonly #clock: Clock;

  constructor(
    @Inject(runtimeTokens.database) database: Database,
    @Inject(PolicyWorld) world: PolicyWorld,
    @Inject(ObjectWrites) writes: ObjectWrites,
    @Inject(runtimeTokens.clock) clock: Clock,
  ) {
    this.#database = database;
    this.#world = world;
    this.#writes = writes;
    this.#clock = clock;
  }

  @Endpoint('listGrants')
  async list(@TheCall() { query }: Call<'listGrants'>): Promise<object> {
    const page = await listGrants(this.#database, listQuery(query));
    const now = this.#clock.now();
    return listResponse('Grant', page, {
      revision: this.#world.revision,
      item: (grant) => grantResponse(grant, now),
    });
  }

  @Endpoint('getGrant')
  get(@TheCall() { params }: Call<'getGrant'>): Promise<object> {
    return this.#read(params['name'] ?? '');
  }

  @Endpoint('putGrant')
  put(@TheCall() call: Call<'putGrant'>): Promise<Answer> {
    return this.#writes.put(call, () => this.#read(call.body.metadata.name));
  }

  @Endpoint('deleteGrant')
  delete(@TheCall() call: Call<'deleteGrant'>): Promise<Answer> {
    return this.#writes.delete('Grant', call);
  }

  async #read(name: string): Promise<object> {
    return grantResponse(
      found(await findGrant(this.#database, name), 'Grant', name),
      this.#clock.now(),
    );
  }
}
