import { Controller, Inject } from '@nestjs/common';
import { findUser, listUsers } from '@ambit/persistence';
import type { Database } from '@ambit/persistence';
import type { Answer } from '../../platform/answer.ts';
import { TheCall } from '../../platform/call.ts';
import type { Call } from '../../platform/call.ts';
import { Endpoint } from '../../platform/endpoint.ts';
import { runtimeTokens } from '../../platform/runtime.ts';
import { found, listResponse } from '../../platform/object-response.ts';
import { PolicyWorld } from '../desired-state/public.ts';
import { listQuery, ObjectWrites } from '../policy/public.ts';
import { userResponse } from './user-response.ts';

@Controller()
export class UsersController {
  readonly #database: Database;
  readonly #world: PolicyWorld;
  readonly #writes: ObjectWrites;

  constructor(
    @Inject(runtimeTokens.database) database: Database,
    @Inject(PolicyWorld) world: PolicyWorld,
    @Inject(ObjectWrites) writes: ObjectWrites,
  ) {
    this.#database = database;
    this.#world = world;
    this.#writes = writes;
  }

  @Endpoint('listUsers')
  async list(@TheCall() { query }: Call<'listUsers'>): Promise<object> {
    const page = await listUsers(this.#database, listQuery(query));
    const { revision, policy } = this.#world;
    return listResponse('User', page, { revision, item: (user) => userResponse(user, policy) });
  }

  @Endpoint('getUser')
  get(@TheCall() { params }: Call<'getUser'>): Promise<object> {
    return this.#read(params['name'] ?? '');
  }

  @Endpoint('putUser')
  put(@TheCall() call: Call<'putUser'>): Promise<Answer> {
    return this.#writes.put(call, () => this.#read(call.body.metadata.name));
  }

  @Endpoint('deleteUser')
  delete(@TheCall() call: Call<'deleteUser'>): Promise<Answer> {
    return this.#writes.delete('User', call);
  }

  async #read(name: string): Promise<object> {
    const user = found(await findUser(this.#database, name), 'User', name);
    return userResponse(user, this.#world.policy);
  }
}
