import type { Logger } from '@ambit/kernel';
import { objectKey } from '@ambit/rbac';
import type { ObjectKey, RoleObject } from '@ambit/rbac';
import type { ObjectInventory } from '../state/object-inventory.ts';
import type { ReconcileParts } from './reconcile-parts.ts';
import { carriesOurLabel, keyOf } from './observed-objects.ts';

export interface RoleEventsOptions {
  readonly parts: ReconcileParts;
  readonly inventory: ObjectInventory;
  readonly logger: Logger;
  /** True once every role was told. */
  readonly listed: () => boolean;
  /** What is wanted of these objects changed. */
  readonly changed: (keys: Iterable<ObjectKey>) => void;
}

/** ClusterRoles are all watched, ours and others', because bindings name them. */
export class RoleEvents {
  readonly #options: RoleEventsOptions;

  constructor(options: RoleEventsOptions) {
    this.#options = options;
  }

  seen(role: RoleObject): void {
    const { parts, inventory } = this.#options;
    const { observed, events, judge, facts } = parts;
    const key = keyOf(role);
    const concernsUs =
      carriesOurLabel(role) || observed.has(key) || inventory.uid(key) !== undefined;
    if (concernsUs) events.seen(role);
    // A label of ours on somebody else's role makes neither the role ours nor the bindings to it void.
    const ours = concernsUs && ['ours', 'adoptable'].includes(judge.ownerOf(key, role));
    const { name } = role.metadata;
    if (ours ? facts.removeRole(name) : facts.setRole(name, role.rules)) this.existingChanged();
  }

  gone(name: string, uid: string, resourceVersion: string): void {
    const { events, facts } = this.#options.parts;
    events.gone(objectKey('ClusterRole', undefined, name), uid, resourceVersion);
    if (facts.removeRole(name)) this.existingChanged();
  }

  /** Before the first list is complete every role counts as there, or everything would look missing. */
  existingChanged(): void {
    const { parts, listed, changed } = this.#options;
    if (listed()) changed(parts.wanted.setExistingRoles(parts.facts.roleNames()));
  }

  /** Reads the rules of roles that the ceiling allows since a moment ago. */
  async readAllowed(): Promise<void> {
    const { parts, logger } = this.#options;
    for (const name of parts.facts.unread()) {
      try {
        const role = await parts.writer.look(objectKey('ClusterRole', undefined, name));
        if (role !== undefined) this.seen(role as RoleObject);
      } catch (error) {
        logger.warn('the rules of a role could not be read', { name, error });
      }
    }
  }
}
