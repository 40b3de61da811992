import type { Logger } from '@ambit/kernel';
import { objectKey } from '@ambit/rbac';
import type { RoleObject } from '@ambit/rbac';
import type { ClusterFacts } from './cluster-facts.ts';
import type { KnownObjects } from './known-objects.ts';
import type { ObjectDriver } from './object-driver.ts';
import type { ObjectJudge } from './object-judge.ts';
import { carriesOurLabel, keyOf } from './observed-objects.ts';
import type { WriteObject } from './write-object.ts';

export interface RoleEventsOptions {
  readonly driver: ObjectDriver;
  readonly judge: ObjectJudge;
  readonly known: KnownObjects;
  readonly facts: ClusterFacts;
  readonly writer: Pick<WriteObject, 'look'>;
  readonly logger: Logger;
  /** The set of roles that exist is another one. */
  readonly changed: () => void;
}

/** ClusterRoles are all watched, ours and others', because bindings name them. */
export class RoleEvents {
  readonly #options: RoleEventsOptions;

  constructor(options: RoleEventsOptions) {
    this.#options = options;
  }

  seen(role: RoleObject): void {
    const { driver, judge, known, facts, changed } = this.#options;
    const key = keyOf(role);
    const concernsUs =
      carriesOurLabel(role) || known.has(key) || known.inventory.uid(key) !== undefined;
    if (concernsUs) driver.seen(role);
    // A label of ours on somebody else's role makes neither the role ours nor the bindings to it void.
    const ours = concernsUs && ['ours', 'adoptable'].includes(judge.ownerOf(key, role));
    const { name } = role.metadata;
    if (ours ? facts.removeRole(name) : facts.setRole(name, role.rules)) changed();
    // It may be the one that gives the agent its own rights.
    if (!ours) driver.causeChanged(['refused']);
  }

  gone(name: string, uid: string, resourceVersion: string): void {
    const { driver, facts, changed } = this.#options;
    driver.gone(objectKey('ClusterRole', undefined, name), uid, resourceVersion);
    if (facts.removeRole(name)) changed();
  }

  /** Reads the rules of roles that the ceiling allows since a moment ago. */
  async readAllowed(): Promise<void> {
    const { facts, writer, logger } = this.#options;
    for (const name of facts.unread()) {
      try {
        const role = await writer.look(objectKey('ClusterRole', undefined, name));
        if (role !== undefined) this.seen(role as RoleObject);
      } catch (error) {
        logger.warn('the rules of a role could not be read', { name, error });
      }
    }
  }
}
