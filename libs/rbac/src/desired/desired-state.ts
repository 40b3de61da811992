import { compareText, type Digests, type Millis } from '@ambit/kernel';
import type { Ceiling } from '../ceiling/ceiling.ts';
import type { Intent, RoleIntent } from '../intents.ts';
import type { BindingObject, PolicyRule } from '../model.ts';
import { objectKey, type ObjectKey } from '../naming/object-key.ts';
import { BindingEntries } from './binding-entries.ts';
import { BindingGroups } from './binding-groups.ts';
import type { DesiredObject, IntentProblem, Mask, NamespaceState } from './desired-object.ts';
import type { RoleCell } from './entry.ts';
import { untilNextDeadline, type ClockBounds } from './instant.ts';
import { problemsOfEntry } from './intent-problems.ts';
import { keepsAccess } from './keeps-access.ts';
import { NamespaceReach } from './namespace-reach.ts';
import { bindingObject, ownerLabels, roleObject, type Owner } from './object-bodies.ts';
import { RoleCatalog, type RoleChange } from './role-catalog.ts';
import { SubjectFilter } from './subject-filter.ts';

export interface DesiredStateOptions extends Owner {
  readonly digests: Digests;
  readonly ceiling: Ceiling;
  readonly clock: ClockBounds;
}

const rolePrefix = 'ROLE/';

/** What one call touched, so that each intent is judged for it once. */
class Batch {
  readonly changed = new Set<ObjectKey>();
  readonly roles = new Set<RoleCell>();
  readonly rebound = new Set<RoleCell>();
  readonly subjects = new Set<string>();

  denied(subjects: Iterable<string>): void {
    for (const subject of subjects) this.subjects.add(subject);
  }
}

/**
 * What should stand in a cluster: a function of intents, ceiling, namespaces, clock and masks, kept up change by
 * change. Every method that changes something returns the keys of the objects whose wanted value changed by it; what
 * is wanted afterwards depends on the inputs alone and not on the way there.
 */
export class DesiredState {
  readonly #digests: Digests;
  readonly #labels: Readonly<Record<string, string>>;
  readonly #filter = new SubjectFilter();
  readonly #reach: NamespaceReach;
  readonly #roles: RoleCatalog;
  readonly #groups: BindingGroups;
  readonly #bindings: BindingEntries;
  /** ClusterRoles of ours by key. */
  readonly #roleObjects = new Map<ObjectKey, RoleIntent>();
  #ceiling: Ceiling;
  #clock: ClockBounds;

  constructor(options: DesiredStateOptions) {
    const { digests, ceiling, clock } = options;
    this.#digests = digests;
    this.#labels = ownerLabels(options);
    this.#ceiling = ceiling;
    this.#clock = clock;
    this.#reach = new NamespaceReach(ceiling.protectedNamespaces);
    this.#roles = new RoleCatalog(digests, ceiling);
    this.#groups = new BindingGroups(digests);
    const parts = {
      filter: this.#filter,
      reach: this.#reach,
      roles: this.#roles,
      groups: this.#groups,
    };
    this.#bindings = new BindingEntries(parts, ceiling, clock);
  }

  /** How much was derived so far: intents judged, selectors compared with a namespace, binding groups assembled. */
  get work(): { readonly intents: number; readonly selectors: number; readonly groups: number } {
    return {
      intents: this.#bindings.evaluations,
      selectors: this.#reach.evaluations,
      groups: this.#groups.rendered,
    };
  }

  /** Number of wanted objects. */
  get size(): number {
    return this.#groups.size + this.#roleObjects.size;
  }

  /** Adds intents, or replaces those of the same key. */
  setIntents(intents: Iterable<Intent>): Set<ObjectKey> {
    const batch = new Batch();
    for (const intent of intents) {
      if (intent.section === 'BINDING') this.#bindings.put(intent);
      else if (intent.section === 'ROLE') this.#setRole(intent.key, intent, batch);
      else if (intent.section === 'DENY') {
        batch.denied(this.#filter.setDeny(intent.key, intent.subject));
      }
    }
    return this.#finish(batch);
  }

  /** Forgets the intents of these keys, of whichever section. */
  removeIntents(keys: Iterable<string>): Set<ObjectKey> {
    const batch = new Batch();
    for (const key of keys) {
      if (this.#bindings.has(key)) this.#bindings.remove(key);
      else if (key.startsWith(rolePrefix)) this.#setRole(key, undefined, batch);
      else batch.denied(this.#filter.setDeny(key, undefined));
    }
    return this.#finish(batch);
  }

  /** Takes in a namespace that is new or changed. */
  setNamespace(namespace: NamespaceState): Set<ObjectKey> {
    const changed = new Set<ObjectKey>();
    const { name } = namespace;
    const held = this.#reach.isTerminating(name);
    this.#bindings.reachChanged(this.#reach.put(namespace));
    if (held !== this.#reach.isTerminating(name)) {
      for (const { key } of this.#groups.inNamespace(name)) changed.add(key);
    }
    return this.#flush(changed);
  }

  removeNamespace(name: string): Set<ObjectKey> {
    this.#bindings.reachChanged(this.#reach.remove(name));
    return this.#flush(new Set());
  }

  /** Judges everything anew under another ceiling. */
  setCeiling(ceiling: Ceiling): Set<ObjectKey> {
    const changed = new Set<ObjectKey>();
    this.#ceiling = ceiling;
    this.#bindings.reachChanged(this.#reach.protect(ceiling.protectedNamespaces));
    for (const cell of this.#roles.setCeiling(ceiling)) this.#listRole(cell, changed);
    this.#bindings.setCeiling(ceiling);
    return this.#flush(changed);
  }

  /** Names of the ClusterRoles in the cluster that are not ours; undefined when unknown, and all count as there. */
  setExistingRoles(names: Iterable<string> | undefined): Set<ObjectKey> {
    const changes = this.#roles.setExisting(names && new Set(names));
    this.#bindings.rolesChanged(new Set(changes.map(({ cell }) => cell)));
    return this.#flush(new Set());
  }

  /** Replaces the masks. */
  setMasks(masks: Iterable<Mask>): Set<ObjectKey> {
    this.#bindings.filterChanged(this.#filter.setMasks(masks));
    return this.#flush(new Set());
  }

  /** Moves the clock. */
  setTime(clock: ClockBounds): Set<ObjectKey> {
    this.#clock = clock;
    this.#bindings.setClock(clock);
    return this.#flush(new Set());
  }

  /** Milliseconds until the clock alone changes what is wanted; undefined when it never will. */
  untilNextDeadline(): Millis | undefined {
    return untilNextDeadline(this.#bindings.values(), this.#clock);
  }

  has(key: ObjectKey): boolean {
    return this.#groups.has(key) || this.#roleObjects.has(key);
  }

  /** The wanted object, made on each call; undefined when nothing of this key is wanted. */
  get(key: ObjectKey): DesiredObject | undefined {
    const cell = this.#groups.get(key);
    if (cell !== undefined) {
      return bindingObject(cell, this.#labels, this.#reach.isTerminating(cell.namespace));
    }
    const role = this.#roleObjects.get(key);
    return role && roleObject(role, this.#labels, this.#digests);
  }

  *keys(): Generator<ObjectKey> {
    yield* this.#roleObjects.keys();
    yield* this.#groups.keys();
  }

  *entries(): Generator<DesiredObject> {
    for (const key of this.keys()) {
      const object = this.get(key);
      if (object !== undefined) yield object;
    }
  }

  /** Names of the grants behind a binding intent, sorted; none of any other. */
  grantsOf(key: string): readonly string[] {
    return this.#bindings.grantsOf(key);
  }

  /** Why intents are not wholly in force, sorted by key. */
  problems(): IntentProblem[] {
    const found: IntentProblem[] = [];
    for (const { intent, problem } of this.#roles.cells()) {
      if (intent !== undefined && problem !== undefined)
        found.push({ key: intent.key, ...problem });
    }
    const context = { ceiling: this.#ceiling, clock: this.#clock, reach: this.#reach };
    for (const entry of this.#bindings.values()) found.push(...problemsOfEntry(entry, context));
    return found.sort((a, b) => compareText(a.key, b.key));
  }

  /**
   * True when each subject of a binding keeps at least what it gives through objects that are wanted: then removing
   * it is no revocation and may wait for them. `rulesOf` tells rules of existing ClusterRoles where they are known.
   */
  keepsAccess(
    binding: BindingObject,
    rulesOf: (clusterRole: string) => readonly PolicyRule[] | null | undefined = () => undefined,
  ): boolean {
    const namespace = binding.metadata.namespace ?? '';
    const held = this.#reach.isTerminating(namespace);
    const cells = held ? [] : [...this.#groups.inNamespace(namespace)];
    if (namespace !== '') cells.push(...this.#groups.inNamespace(''));
    return keepsAccess(binding, cells, (name) => {
      return this.#roleObjects.get(objectKey('ClusterRole', '', name))?.rules ?? rulesOf(name);
    });
  }

  #setRole(key: string, intent: RoleIntent | undefined, batch: Batch): void {
    const uid = key.slice(rolePrefix.length);
    const change = this.#roles.setIntent(uid, intent && { ...intent, uid });
    if (change.changed) this.#listRole(change, batch.changed);
    batch.roles.add(change.cell);
    if (change.before !== change.cell.clusterRole) batch.rebound.add(change.cell);
  }

  #listRole({ cell, before }: RoleChange, changed: Set<ObjectKey>): void {
    if (cell.reference.type !== 'ours') return;
    const names = [before, cell.clusterRole].filter((name) => name !== undefined);
    for (const key of names.map((name) => objectKey('ClusterRole', '', name))) {
      this.#roleObjects.delete(key);
      changed.add(key);
    }
    if (cell.intent === undefined || cell.clusterRole === undefined) return;
    this.#roleObjects.set(objectKey('ClusterRole', '', cell.clusterRole), cell.intent);
  }

  #finish({ changed, roles, rebound, subjects }: Batch): Set<ObjectKey> {
    this.#bindings.rolesChanged(rebound);
    for (const cell of roles) this.#roles.release(cell);
    this.#bindings.filterChanged({ everything: false, keys: new Set(), subjects });
    return this.#flush(changed);
  }

  #flush(changed: Set<ObjectKey>): Set<ObjectKey> {
    this.#groups.flush(changed);
    return changed;
  }
}
