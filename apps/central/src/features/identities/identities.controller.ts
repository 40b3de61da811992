import { Controller, Inject } from '@nestjs/common';
import { TheCall } from '../../platform/call.ts';
import type { Call } from '../../platform/call.ts';
import { Endpoint } from '../../platform/endpoint.ts';
import { listResponse, pageOf } from '../../platform/object-response.ts';
import { PolicyWorld } from '../desired-state/public.ts';
import { writeRequest } from '../policy/public.ts';
import { ManageIdentities } from './manage-identities.ts';

/** Accounts at providers that are linked to people. */
@Controller()
export class IdentitiesController {
  readonly #identities: ManageIdentities;
  readonly #world: PolicyWorld;

  constructor(
    @Inject(ManageIdentities) identities: ManageIdentities,
    @Inject(PolicyWorld) world: PolicyWorld,
  ) {
    this.#identities = identities;
    this.#world = world;
  }

  @Endpoint('listIdentities')
  async list(@TheCall() { params, query }: Call<'listIdentities'>): Promise<object> {
    const page = pageOf(await this.#identities.list(params['name'] ?? ''), query, ({ id }) => id);
    return listResponse('Identity', page, {
      revision: this.#world.revision,
      item: (identity) => identity,
    });
  }

  @Endpoint('unlinkIdentity')
  unlink(@TheCall() call: Call<'unlinkIdentity'>): Promise<object> {
    const { params, query } = call;
    const which = { user: params['name'] ?? '', id: params['id'] ?? '' };
    return this.#identities.unlink(which, query.forget === 'true', writeRequest(call));
  }
}
