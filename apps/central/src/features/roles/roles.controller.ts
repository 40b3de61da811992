import { Controller, Inject } from '@nestjs/common';
import { apiVersion } from '@ambit/contracts';
import { findRole, listRoles } from '@ambit/persistence';
import type { Database, RoleRecord } from '@ambit/persistence';
import type { Answer } from '../../platform/answer.ts';
import { TheCall } from '../../platform/call.ts';
import type { Call } from '../../platform/call.ts';
import { Endpoint } from '../../platform/endpoint.ts';
import { runtimeTokens } from '../../platform/runtime.ts';
import { found, listResponse, objectMeta } from '../../platform/object-response.ts';
import { PolicyWorld } from '../desired-state/public.ts';
import { listQuery, ObjectWrites } from '../policy/public.ts';

@Controller()
export class RolesController {
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

  @Endpoint('listRoles')
  async list(@TheCall() { query }: Call<'listRoles'>): Promise<object> {
    const page = await listRoles(this.#database, listQuery(query));
    return listResponse('Role', page, { revision: this.#world.revision, item: roleResponse });
  }

  @Endpoint('getRole')
  get(@TheCall() { params }: Call<'getRole'>): Promise<object> {
    return this.#read(params['name'] ?? '');
  }

  @Endpoint('putRole')
  put(@TheCall() call: Call<'putRole'>): Promise<Answer> {
    return this.#writes.put(call, () => this.#read(call.body.metadata.name));
  }

  @Endpoint('deleteRole')
  delete(@TheCall() call: Call<'deleteRole'>): Promise<Answer> {
    return this.#writes.delete('Role', call);
  }

  async #read(name: string): Promise<object> {
    return roleResponse(found(await findRole(this.#database, name), 'Role', name));
  }
}

function roleResponse(role: RoleRecord): object {
  const { description, clusterRole, rules } = role;
  return {
    apiVersion,
    kind: 'Role',
    metadata: objectMeta(role),
    spec: { description, clusterRole, rules },
    status: { builtIn: role.builtIn, conditions: [] },
  };
}
