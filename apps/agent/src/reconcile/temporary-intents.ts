import { DesiredState } from '@ambit/rbac';
import type { BindingIntent, Intent, ObjectKey } from '@ambit/rbac';

type Options = ConstructorParameters<typeof DesiredState>[0];

/**
 * Intents that have an end, kept until every list is complete: until then namespaces are not known, and with them not
 * which objects are wanted. What an object or the inventory says of its end may be older than the accepted state, and
 * that alone can say so.
 */
export class TemporaryIntents {
  readonly #options: Options;
  readonly #intents = new Map<string, BindingIntent>();
  /** What they could give in each namespace, or cluster-wide, as far as it was asked for. */
  readonly #given = new Map<string, DesiredState>();
  #over = -1;

  constructor(options: Options) {
    this.#options = options;
  }

  note(intent: Intent): void {
    this.#given.clear();
    if (intent.section === 'BINDING' && intent.notAfter !== undefined) {
      this.#intents.set(intent.key, intent);
    } else this.#intents.delete(intent.key);
  }

  forget(key: string): void {
    this.#given.clear();
    this.#intents.delete(key);
  }

  /** True when one of them that is not over may stand behind this object; a selector counts as matching. */
  mayGive(key: ObjectKey, over: ReadonlySet<string>): boolean {
    if (this.#intents.size === 0) return false;
    if (over.size !== this.#over) this.#given.clear();
    this.#over = over.size;
    const [, namespace = ''] = key.split('/');
    let given = this.#given.get(namespace);
    if (given === undefined) {
      given = this.#giveIn(namespace, over);
      this.#given.set(namespace, given);
    }
    return given.has(key);
  }

  #giveIn(namespace: string, over: ReadonlySet<string>): DesiredState {
    const scope = { type: 'namespaces', names: [namespace] } as const;
    const state = new DesiredState(this.#options);
    if (namespace !== '') state.setNamespace({ name: namespace, labels: {}, phase: 'Active' });
    state.setIntents(
      Array.from(this.#intents.values())
        .filter(({ key }) => !over.has(key))
        .map((intent) => (intent.scope.type === 'selector' ? { ...intent, scope } : intent)),
    );
    return state;
  }
}
