import type { StateChange } from '@ambit/protocol';
import type { BindingIntent, DenyEntry, Intent, Mask } from '@ambit/rbac';
import type { StateFollower } from '../reconcile/ports.ts';

const nobody: ReadonlySet<string> = new Set();

/**
 * Which ServiceAccounts the accepted state gives anything, and which of them it takes everything from. It follows every
 * state, as soon as the one on disk is read.
 */
export class HeldAccounts implements StateFollower {
  /** Subjects of the intents that name ServiceAccounts, by key. */
  #subjects = new Map<string, readonly string[]>();
  #denials = new Map<string, string>();
  #masks: readonly Mask[] = [];
  #loaded = false;
  #known: { readonly holders: ReadonlySet<string>; readonly denied: ReadonlySet<string> };
  readonly #listeners = new Set<() => void>();

  constructor() {
    this.#known = { holders: nobody, denied: nobody };
  }

  /** Accounts with some access, now or later; undefined while no state is known, when nobody may conclude anything. */
  get holders(): ReadonlySet<string> | undefined {
    return this.#loaded ? this.#known.holders : undefined;
  }

  /** Accounts that lost everything at once: neither denial nor revocation waits for anything. */
  get denied(): ReadonlySet<string> {
    return this.#known.denied;
  }

  onChange(listener: () => void): void {
    this.#listeners.add(listener);
  }

  accept({ mode, removed, intents }: StateChange): void {
    if (mode === 'full') {
      this.#subjects = new Map();
      this.#denials = new Map();
    }
    for (const key of removed) {
      this.#subjects.delete(key);
      this.#denials.delete(key);
    }
    for (const { key } of intents) this.#subjects.delete(key);
    for (const { key, subjects } of intents.filter(namesAccounts)) {
      this.#subjects.set(key, subjects);
    }
    this.#deny(intents);
    this.#loaded = true;
    this.#changed();
  }

  /** Of a state that the disk does not hold: accounts lose by it, and none gains. */
  acceptRemovals({ mode, removed, intents }: StateChange): void {
    const next = new Map(intents.filter(namesAccounts).map(({ key, subjects }) => [key, subjects]));
    const touched = new Set([...removed, ...intents.map(({ key }) => key)]);
    for (const [key, held] of this.#subjects) {
      if (mode !== 'full' && !touched.has(key)) continue;
      const left = new Set(next.get(key));
      this.#subjects.set(
        key,
        held.filter((subject) => left.has(subject)),
      );
    }
    this.#deny(intents);
    this.#changed();
  }

  mask(masks: readonly Mask[]): void {
    this.#masks = masks;
    this.#changed();
  }

  #deny(intents: readonly Intent[]): void {
    for (const { key, subject } of intents.filter(isDenial)) this.#denials.set(key, subject);
  }

  #changed(): void {
    const everywhere = this.#masks.filter(({ key }) => key === '').map(({ subject }) => subject);
    const denied = new Set([...this.#denials.values(), ...everywhere]);
    this.#known = { holders: denied.has('') ? nobody : this.#left(denied), denied };
    for (const listener of this.#listeners) listener();
  }

  #left(denied: ReadonlySet<string>): ReadonlySet<string> {
    const holders = new Set<string>();
    const out = new Map<string, Set<string>>();
    for (const { key, subject } of this.#masks) {
      const subjects = out.get(key);
      if (subjects === undefined) out.set(key, new Set([subject]));
      else subjects.add(subject);
    }
    for (const [key, subjects] of this.#subjects) {
      const masked = out.get(key);
      if (masked?.has('') === true) continue;
      for (const subject of subjects) {
        if (!denied.has(subject) && masked?.has(subject) !== true) holders.add(subject);
      }
    }
    return holders;
  }
}

const isDenial = (intent: Intent): intent is DenyEntry => intent.section === 'DENY';
const namesAccounts = (intent: Intent): intent is BindingIntent =>
  intent.section === 'BINDING' && intent.subjectKind === 'ServiceAccounts';
