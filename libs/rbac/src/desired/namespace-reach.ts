import type { IntentScope } from '../intents.ts';
import { canonicalSelector } from '../selectors/canonical-selector.ts';
import { selectorMatches, type Labels } from '../selectors/selector-matches.ts';
import type { NamespaceState } from './desired-object.ts';
import type { ScopeCell } from './entry.ts';
import { SelectorIndex } from './selector-index.ts';
import { sortedUnique } from './sorted-texts.ts';

/** A namespace came into a scope or left it. */
export interface ReachChange {
  readonly cell: ScopeCell;
  readonly namespace: string;
  readonly gained: boolean;
}

/** Which namespaces each scope reaches, kept up event by event. */
export class NamespaceReach {
  readonly #namespaces = new Map<string, NamespaceState>();
  readonly #cells = new Map<string, ScopeCell>();
  readonly #byName = new Map<string, Set<ScopeCell>>();
  readonly #selectors = new SelectorIndex<ScopeCell>();
  #protected: ReadonlySet<string>;
  /** Selectors compared with a namespace so far. */
  evaluations = 0;

  constructor(protectedNamespaces: readonly string[]) {
    this.#protected = new Set(protectedNamespaces);
  }

  /** The cell of a scope; made when it is new. */
  acquire(scope: IntentScope): ScopeCell {
    const canonical = canonicalScope(scope);
    const text = JSON.stringify(canonical);
    const known = this.#cells.get(text);
    if (known !== undefined) return known;
    const cell: ScopeCell = { text, scope: canonical, reach: new Set(), entries: new Set() };
    this.#cells.set(text, cell);
    this.#index(cell);
    return cell;
  }

  /** Forgets a scope that no intent has any more. */
  release(cell: ScopeCell): void {
    if (cell.entries.size > 0 || this.#cells.get(cell.text) !== cell) return;
    this.#cells.delete(cell.text);
    if (cell.scope.type === 'selector') this.#selectors.remove(cell.scope.selector, cell);
    if (cell.scope.type !== 'namespaces') return;
    for (const name of cell.scope.names) {
      const cells = this.#byName.get(name);
      cells?.delete(cell);
      if (cells?.size === 0) this.#byName.delete(name);
    }
  }

  has(namespace: string): boolean {
    return this.#namespaces.has(namespace);
  }

  isProtected(namespace: string): boolean {
    return this.#protected.has(namespace);
  }

  isTerminating(namespace: string): boolean {
    return this.#namespaces.get(namespace)?.phase === 'Terminating';
  }

  /** Takes in a namespace as it is now. */
  put(namespace: NamespaceState): ReachChange[] {
    const before = this.#namespaces.get(namespace.name);
    this.#namespaces.set(namespace.name, namespace);
    if (before !== undefined && sameLabels(before.labels, namespace.labels)) return [];
    return this.#reconsider(namespace.name, before?.labels, namespace.labels);
  }

  remove(name: string): ReachChange[] {
    const before = this.#namespaces.get(name);
    if (before === undefined) return [];
    this.#namespaces.delete(name);
    return this.#reconsider(name, before.labels, undefined);
  }

  protect(names: readonly string[]): ReachChange[] {
    const before = this.#protected;
    this.#protected = new Set(names);
    const flipped = [...this.#namespaces.values()].filter(
      ({ name }) => before.has(name) !== this.#protected.has(name),
    );
    return flipped.flatMap(({ name, labels }) => this.#reconsider(name, labels, labels));
  }

  #index(cell: ScopeCell): void {
    const { scope } = cell;
    if (scope.type === 'clusterWide') cell.reach.add('');
    else if (scope.type === 'namespaces') {
      for (const name of scope.names) {
        const cells = this.#byName.get(name);
        if (cells === undefined) this.#byName.set(name, new Set([cell]));
        else cells.add(cell);
        if (this.#reaches(cell, name)) cell.reach.add(name);
      }
    } else {
      this.#selectors.add(scope.selector, cell);
      for (const name of this.#namespaces.keys()) {
        if (this.#reaches(cell, name)) cell.reach.add(name);
      }
    }
  }

  #reconsider(name: string, before: Labels | undefined, after: Labels | undefined): ReachChange[] {
    const cells = new Set(this.#byName.get(name));
    for (const labels of [before, after]) {
      if (labels === undefined) continue;
      for (const cell of this.#selectors.candidates(labels)) cells.add(cell);
    }
    const changes: ReachChange[] = [];
    for (const cell of cells) {
      const gained = this.#reaches(cell, name);
      if (gained === cell.reach.has(name)) continue;
      if (gained) cell.reach.add(name);
      else cell.reach.delete(name);
      changes.push({ cell, namespace: name, gained });
    }
    return changes;
  }

  #reaches({ scope }: ScopeCell, name: string): boolean {
    const namespace = this.#namespaces.get(name);
    if (namespace === undefined || this.#protected.has(name)) return false;
    if (scope.type !== 'selector') return scope.type === 'namespaces';
    this.evaluations++;
    return selectorMatches(scope.selector, namespace.labels);
  }
}

function canonicalScope(scope: IntentScope): IntentScope {
  if (scope.type === 'clusterWide') return { type: 'clusterWide' };
  if (scope.type === 'namespaces') return { type: 'namespaces', names: sortedUnique(scope.names) };
  return { type: 'selector', selector: canonicalSelector(scope.selector) };
}

function sameLabels(a: Labels, b: Labels): boolean {
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && a[key] === b[key])
  );
}
