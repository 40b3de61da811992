import { Controller, Inject } from '@nestjs/common';
import { findGroup, listGroups } from '@ambit/persistence';
import type { Database } from '@ambit/persistence';
import type { Answer } from '../../platform/answer.ts';
import { TheCall } from '../../platform/call.ts';
import type { Call } from '../../platform/call.ts';
import { Endpoint } from '../../platform/endpoint.ts';
import { runtimeTokens } from '../../platform/runtime.ts';
import { found, listResponse } from '../../platform/object-response.ts';
import { PolicyWorld } from '../desired-state/public.ts';
import { listQuery, ObjectWrites } from '../policy/public.ts';
import { GroupMembership } from './group-membership.ts';
import { groupResponse } from './user-response.ts';

@Controller()
export class GroupsController {
  readonly #database: Database;
  readonly #world: PolicyWorld;
  readonly #writes: ObjectWrites;
  readonly #membership: GroupMembership;

  constructor(
    @Inject(runtimeTokens.database) database: Database,
    @Inject(PolicyWorld) world: PolicyWorld,
    @Inject(ObjectWrites) writes: ObjectWrites,
    @Inject(GroupMembership) membership: GroupMembership,
  ) {
    this.#database = database;
    this.#world = world;
    this.#writes = writes;
    this.#membership = membership;
  }

  @Endpoint('listGroups')
  async list(@TheCall() { query }: Call<'listGroups'>): Promise<object> {
    const page = await listGroups(this.#database, listQuery(query));
    return listResponse('Group', page, { revision: this.#world.revision, item: groupResponse });
  }

  @Endpoint('getGroup')
  get(@TheCall() { params }: Call<'getGroup'>): Promise<object> {
    return this.#read(params['name'] ?? '');
  }

  @Endpoint('putGroup')
  put(@TheCall() call: Call<'putGroup'>): Promise<Answer> {
    return this.#writes.put(call, () => this.#read(call.body.metadata.name));
  }

  @Endpoint('deleteGroup')
  delete(@TheCall() call: Call<'deleteGroup'>): Promise<Answer> {
    return this.#writes.delete('Group', call);
  }

  @Endpoint('listGroupMembers')
  members(@TheCall() { params, query }: Call<'listGroupMembers'>): object {
    return this.#membership.list(params['name'] ?? '', query);
  }

  @Endpoint('replaceGroupMembers')
  replace(@TheCall() call: Call<'replaceGroupMembers'>): Promise<Answer> {
    return this.#membership.replace(call);
  }

  @Endpoint('changeGroupMembers')
  change(@TheCall() call: Call<'changeGroupMembers'>): Promise<Answer> {
    return this.#membership.change(call);
  }

  async #read(name: string): Promise<object> {
    return groupResponse(found(await findGroup(this.#database, name), 'Group', name));
  }
}
