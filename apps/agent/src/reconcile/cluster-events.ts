import type { Namespace } from '@ambit/kube';
import { isBinding, objectKey } from '@ambit/rbac';
import type { ObjectKey } from '@ambit/rbac';
import type { CauseWatch } from './cause-watch.ts';
import type { ClusterFacts } from './cluster-facts.ts';
import type { ClusterWatch, ClusterWatchHandler } from './cluster-watch.ts';
import type { ObjectDriver } from './object-driver.ts';
import type { ObjectJudge } from './object-judge.ts';
import { keyOf } from './observed-objects.ts';
import type { LiveObject } from './observed-objects.ts';
import type { StrangerListener } from './reconciler-options.ts';
import type { RoleEvents } from './role-events.ts';
import type { WantedState } from './wanted-state.ts';

export interface ClusterEventsOptions {
  readonly driver: ObjectDriver;
  readonly wanted: WantedState;
  readonly facts: ClusterFacts;
  readonly judge: Pick<ObjectJudge, 'ownerOf'>;
  readonly strangers: StrangerListener | undefined;
  readonly causes: Pick<CauseWatch, 'stop'>;
  /** Made with what it tells. */
  readonly watch: (handler: ClusterWatchHandler) => ClusterWatch;
  /** Made with what to do when the set of roles that exist is another one. */
  readonly roles: (changed: () => void) => RoleEvents;
}

export interface ClusterListener {
  /** What is wanted of these objects changed. */
  changed(keys: Iterable<ObjectKey>): void;
  /** Every list is complete for the first time. */
  listed(): void;
  /** One of our objects, or one that says so; it may end before any state is loaded. */
  seen(key: ObjectKey): void;
}

/** What happens in the cluster, told to those whom it concerns. */
export class ClusterEvents {
  readonly facts: ClusterFacts;
  readonly #options: ClusterEventsOptions;
  readonly #watch: ClusterWatch;
  readonly #roles: RoleEvents;
  #listener: ClusterListener | undefined;

  constructor(options: ClusterEventsOptions) {
    this.#options = options;
    this.facts = options.facts;
    this.#roles = options.roles(() => this.#rolesChanged());
    this.#watch = options.watch(this.#handler());
  }

  /** Kinds whose first list is not complete. */
  get missingLists(): readonly string[] {
    return this.#watch.missing;
  }

  start(listener: ClusterListener): void {
    this.#listener = listener;
    this.#watch.start();
  }

  async stop(): Promise<void> {
    await Promise.all([this.#watch.stop(), this.#options.causes.stop()]);
  }

  relist(): void {
    this.#watch.relist();
  }

  /** Roles that the ceiling allows since a moment ago are read. */
  async readAllowedRoles(): Promise<void> {
    await this.#roles.readAllowed();
  }

  #handler(): ClusterWatchHandler {
    const { driver, strangers } = this.#options;
    return {
      seen: (object) => {
        driver.seen(object);
        this.#listener?.seen(keyOf(object));
        this.#tellStranger(object);
      },
      gone: (key, uid, version) => {
        driver.gone(key, uid, version);
        strangers?.removeBinding(key, 'ours');
      },
      isKnown: (key, uid, version) => driver.isKnown(key, uid, version),
      roleSeen: (role) => {
        this.#roles.seen(role);
        strangers?.putRole(role);
      },
      roleGone: (name, uid, version) => {
        this.#roles.gone(name, uid, version);
        strangers?.removeRole(objectKey('ClusterRole', undefined, name));
      },
      namespaceSeen: (namespace) => this.#namespaceSeen(namespace),
      namespaceGone: (name) => this.#namespaceGone(name),
      listed: () => {
        this.#rolesChanged();
        driver.relisted();
        this.#listener?.listed();
      },
      relisted: () => {
        driver.relisted();
        void this.#roles.readAllowed();
      },
    };
  }

  /** A label of ours on somebody else's binding does not make it ours. */
  #tellStranger(object: LiveObject): void {
    const { judge, strangers } = this.#options;
    if (strangers === undefined || !isBinding(object)) return;
    const key = keyOf(object);
    const whose = judge.ownerOf(key, object);
    if (whose === 'ours' || whose === 'adoptable') strangers.removeBinding(key, 'ours');
    else strangers.putBinding(object, 'ours');
  }

  #namespaceSeen({ metadata: { name, labels = {} }, status }: Namespace): void {
    const { facts, wanted, driver } = this.#options;
    const namespace = { name, labels, phase: status?.phase ?? 'Active' };
    facts.setNamespace(namespace);
    this.#listener?.changed(wanted.setNamespace(namespace));
    driver.causeChanged(['refused'], name);
  }

  #namespaceGone(name: string): void {
    const { facts, wanted } = this.#options;
    facts.removeNamespace(name);
    this.#listener?.changed(wanted.removeNamespace(name));
  }

  /** Before the first list is complete every role counts as there, or everything would look missing. */
  #rolesChanged(): void {
    const { facts, wanted } = this.#options;
    if (this.missingLists.length > 0) return;
    this.#listener?.changed(wanted.setExistingRoles(facts.roleNames()));
  }
}
