import { scopeRefusal } from '../ceiling/check-ceiling.ts';
import type { Ceiling } from '../ceiling/ceiling.ts';
import type { BindingIntent } from '../intents.ts';
import type { BindingGroups } from './binding-groups.ts';
import type { Entry, RoleCell, ScopeCell } from './entry.ts';
import { hasEnded, hasStarted, type ClockBounds } from './instant.ts';
import { Interner } from './interner.ts';
import type { NamespaceReach, ReachChange } from './namespace-reach.ts';
import type { RoleCatalog } from './role-catalog.ts';
import { sameTexts, sortedHasAny, sortedUnique } from './sorted-texts.ts';
import type { FilterChange, SubjectFilter } from './subject-filter.ts';

interface Parts {
  readonly filter: SubjectFilter;
  readonly reach: NamespaceReach;
  readonly roles: RoleCatalog;
  readonly groups: BindingGroups;
}

/** The binding intents, and where among the bindings each stands under the present ceiling, clock, masks and roles. */
export class BindingEntries {
  readonly #parts: Parts;
  readonly #entries = new Map<string, Entry>();
  readonly #interner = new Interner();
  #ceiling: Ceiling;
  #clock: ClockBounds;
  #nextId = 0;
  /** Intents judged so far. */
  evaluations = 0;

  constructor(parts: Parts, ceiling: Ceiling, clock: ClockBounds) {
    this.#parts = parts;
    this.#ceiling = ceiling;
    this.#clock = clock;
  }

  values(): Iterable<Entry> {
    return this.#entries.values();
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  put(intent: BindingIntent): void {
    const { reach, roles, groups } = this.#parts;
    const scope = reach.acquire(intent.scope);
    const role = roles.acquire(intent.role);
    const entry = this.#entries.get(intent.key) ?? this.#make(intent.key, scope, role);
    if (entry.scope !== scope) groups.remove(entry);
    this.#moveTo(entry, scope, role);
    entry.subjectKind = intent.subjectKind;
    entry.grantUid = intent.grantUid;
    entry.notBefore = intent.notBefore;
    entry.notAfter = intent.notAfter;
    entry.given = sortedUnique(intent.subjects).map((subject) => this.#interner.text(subject));
    entry.grants = sortedUnique(intent.grants);
    this.#evaluate(entry);
    // Names of grants and ends may differ where the subjects do not.
    groups.touch(entry);
  }

  /** Names of the grants behind an intent. */
  grantsOf(key: string): readonly string[] {
    return this.#entries.get(key)?.grants ?? nobody;
  }

  remove(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#parts.groups.remove(entry);
    this.#leaveScope(entry, entry.scope);
    this.#leaveRole(entry.role);
    this.#entries.delete(key);
  }

  setCeiling(ceiling: Ceiling): void {
    this.#ceiling = ceiling;
    for (const entry of this.#entries.values()) this.#evaluate(entry);
  }

  setClock(clock: ClockBounds): void {
    this.#clock = clock;
    for (const entry of this.#entries.values()) {
      if (this.#isActive(entry) !== entry.active) this.#evaluate(entry);
    }
  }

  /** The names or permissions of roles changed. */
  rolesChanged(cells: ReadonlySet<RoleCell>): void {
    if (cells.size === 0) return;
    for (const entry of this.#entries.values()) {
      if (cells.has(entry.role)) this.#evaluate(entry);
    }
  }

  filterChanged({ everything, keys, subjects }: FilterChange): void {
    if (!everything && keys.size === 0 && subjects.size === 0) return;
    for (const entry of this.#entries.values()) {
      if (everything || keys.has(entry.key) || sortedHasAny(entry.given, subjects)) {
        this.#evaluate(entry);
      }
    }
  }

  reachChanged(changes: readonly ReachChange[]): void {
    const { groups } = this.#parts;
    for (const { cell, namespace, gained } of changes) {
      for (const entry of cell.entries) {
        if (gained) groups.join(entry, namespace);
        else groups.leave(entry, namespace);
      }
    }
  }

  #make(key: string, scope: ScopeCell, role: RoleCell): Entry {
    const entry: Entry = {
      id: this.#nextId++,
      key,
      scope,
      role,
      subjectKind: 'Users',
      grantUid: undefined,
      notBefore: undefined,
      notAfter: undefined,
      given: nobody,
      grants: nobody,
      subjects: nobody,
      refused: nobody,
      active: false,
      family: undefined,
    };
    this.#entries.set(key, entry);
    scope.entries.add(entry);
    role.users++;
    return entry;
  }

  /** Into the new cells first: a cell without entries is forgotten, and what is forgotten is not judged any more. */
  #moveTo(entry: Entry, scope: ScopeCell, role: RoleCell): void {
    const before = { scope: entry.scope, role: entry.role };
    if (before.scope !== scope) {
      entry.scope = scope;
      scope.entries.add(entry);
      this.#leaveScope(entry, before.scope);
    }
    if (before.role !== role) {
      entry.role = role;
      role.users++;
      this.#leaveRole(before.role);
    }
  }

  #leaveScope(entry: Entry, scope: ScopeCell): void {
    scope.entries.delete(entry);
    this.#parts.reach.release(scope);
  }

  #leaveRole(role: RoleCell): void {
    role.users--;
    this.#parts.roles.release(role);
  }

  /** Finds out what an intent gives now, and moves it where that belongs. */
  #evaluate(entry: Entry): void {
    this.evaluations++;
    const { filter, groups } = this.#parts;
    const { left, refused } = filter.apply(entry, this.#ceiling);
    const same = sameTexts(entry.subjects, left);
    entry.subjects = left;
    entry.refused = refused.length === 0 ? nobody : refused;
    entry.active = this.#isActive(entry);
    const gives = entry.active && left.length > 0;
    const moved = groups.settle(entry, gives ? this.#bindable(entry) : undefined);
    if (!moved && !same) groups.touch(entry);
  }

  #bindable({ role, scope }: Entry): string | undefined {
    const closed =
      scope.scope.type === 'clusterWide' && scopeRefusal(undefined, this.#ceiling) !== undefined;
    return closed ? undefined : role.clusterRole;
  }

  #isActive(entry: Entry): boolean {
    return hasStarted(entry, this.#clock) && !hasEnded(entry, this.#clock);
  }
}

const nobody: readonly string[] = [];
