import type { StateChange } from '@ambit/protocol';
import { patternMeans } from '@ambit/rbac';
import type { Intent, NamespaceEntry, ProfileEntry } from '@ambit/rbac';
import type { StateFollower } from '../reconcile/ports.ts';

/** A namespace that is kept for a team; without `profile` what is not understood of it, so that it is left as it is. */
export interface KeptBy {
  readonly key: string;
  readonly entry?: NamespaceEntry;
  readonly profile?: ProfileEntry;
}

const about = (key: string): boolean => key.startsWith('PROFILE/') || key.startsWith('NAMESPACE/');

/**
 * Which namespaces the accepted state has kept for teams, and how. What a state takes away that the disk does not hold is
 * nobody's access, so that it waits.
 */
export class HeldNamespaces implements StateFollower {
  readonly #profiles = new Map<string, ProfileEntry>();
  /** By pattern. */
  readonly #exact = new Map<string, KeptBy>();
  readonly #open = new Map<string, KeptBy>();
  #loaded = false;
  readonly #listeners = new Set<() => void>();

  /** A state is known: only then anybody may conclude that a namespace is nobody's. */
  get loaded(): boolean {
    return this.#loaded;
  }

  /** Names of the namespaces that the state names. */
  get names(): Iterable<string> {
    return this.#exact.keys();
  }

  /** True while the state has anything kept, in whatever namespace. */
  get any(): boolean {
    return this.#exact.size + this.#open.size > 0;
  }

  /** Called after each state. */
  onChange(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /** Who has a namespace, by name before by how names begin, of which the longest counts. */
  of(namespace: string): KeptBy | undefined {
    const kept = this.#exact.get(namespace) ?? this.#begun(namespace);
    if (kept?.entry === undefined) return kept;
    const profile = this.#profiles.get(kept.entry.profileUid);
    return { ...kept, ...(profile && { profile }) };
  }

  accept({ mode, removed, intents, skipped }: StateChange): void {
    if (mode === 'full')
      for (const table of [this.#profiles, this.#exact, this.#open]) table.clear();
    const unknown = skipped.map(({ key }) => key).filter(about);
    for (const key of [...removed, ...unknown]) this.#forget(key);
    for (const key of unknown) this.#put({ key });
    for (const intent of intents) this.#take(intent);
    this.#loaded = true;
    for (const listener of this.#listeners) listener();
  }

  acceptRemovals(): void {
    // Until the disk holds the state.
  }

  mask(): void {
    // Subjects are nobody here.
  }

  #take(intent: Intent): void {
    if (intent.section === 'PROFILE') this.#profiles.set(intent.uid, intent);
    else if (intent.section === 'NAMESPACE') this.#put({ key: intent.key, entry: intent });
  }

  #put(kept: KeptBy): void {
    if (!kept.key.startsWith('NAMESPACE/')) return;
    const pattern = patternOf(kept.key);
    (pattern.endsWith('*') ? this.#open : this.#exact).set(pattern, kept);
  }

  #forget(key: string): void {
    if (key.startsWith('PROFILE/')) this.#profiles.delete(key.slice('PROFILE/'.length));
    this.#exact.delete(patternOf(key));
    this.#open.delete(patternOf(key));
  }

  #begun(namespace: string): KeptBy | undefined {
    const found = [...this.#open].filter(([pattern]) => patternMeans(pattern, namespace));
    return found.sort(([a], [b]) => b.length - a.length)[0]?.[1];
  }
}

/** An entry is known by its key: its body says the same, or is not believed. */
const patternOf = (key: string): string =>
  key.startsWith('NAMESPACE/') ? key.slice('NAMESPACE/'.length) : '';
