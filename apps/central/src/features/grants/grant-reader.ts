import type { Grant, ListQuery } from '@ambit/contracts';
import type { Clock } from '@ambit/kernel';
import { findGrant, listGrants } from '@ambit/persistence';
import type { Database } from '@ambit/persistence';
import { found, listResponse } from '../../platform/object-response.ts';
import type { PolicyWorld } from '../desired-state/public.ts';
import { listQuery } from '../policy/public.ts';
import { grantResponse } from './grant-response.ts';
import type { GrantsInForce } from './grants-in-force.ts';

/** Grants as they are stored, with what agents reported of them. */
export class GrantReader {
  readonly #database: Database;
  readonly #world: PolicyWorld;
  readonly #inForce: GrantsInForce;
  readonly #clock: Clock;

  constructor(database: Database, world: PolicyWorld, inForce: GrantsInForce, clock: Clock) {
    this.#database = database;
    this.#world = world;
    this.#inForce = inForce;
    this.#clock = clock;
  }

  async list(query: ListQuery): Promise<object> {
    const page = await listGrants(this.#database, listQuery(query));
    const standing = await this.#inForce.of(page.items);
    const now = this.#clock.now();
    return listResponse('Grant', page, {
      revision: this.#world.revision,
      item: (grant) => grantResponse(grant, now, standing(grant)),
    });
  }

  /** Throws `not_found`. */
  async get(name: string): Promise<Grant> {
    const grant = found(await findGrant(this.#database, name), 'Grant', name);
    const standing = await this.#inForce.of([grant]);
    return grantResponse(grant, this.#clock.now(), standing(grant));
  }
}
