import { emptyInventory } from '@ambit/protocol';
import type { wire } from '@ambit/protocol';
import type { ObjectKey } from '@ambit/rbac';
import type { UnmanagedFact, UnmanagedObjects } from './unmanaged-objects.ts';

export type ToldUnmanaged = Pick<UnmanagedObjects, 'fact' | 'keys' | 'leftOut'>;

/** JSON is never shorter than the message made of it, so a message stays under 256 KiB. */
const mostTextBytes = 160 * 1024;

type Part = Pick<
  wire.Inventory,
  'unmanagedBindings' | 'removedUnmanaged' | 'unmanagedRoles' | 'unmanaged'
>;

/** All that is not ours. Each message tells a stretch of the order of keys whole, so that central never has to begin anew. */
export function* allUnmanaged(told: ToldUnmanaged): Generator<wire.AgentMessage> {
  let after = '';
  for (const { keys, facts, last } of stretches(told, told.keys())) {
    const through = last ? '' : (keys.at(-1) ?? '');
    yield message({
      ...factsPart(facts),
      removedUnmanaged: [],
      unmanaged: { whole: true, after, through, leftOut: told.leftOut },
    });
    after = through;
  }
}

/** What changed of it. */
export function* changedUnmanaged(
  told: ToldUnmanaged,
  changed: readonly ObjectKey[],
): Generator<wire.AgentMessage> {
  if (changed.length === 0) return;
  for (const { keys, facts } of stretches(told, changed)) {
    yield message({
      ...factsPart(facts),
      removedUnmanaged: keys.filter((key) => !facts.has(key)),
      unmanaged: { whole: false, after: '', through: '', leftOut: told.leftOut },
    });
  }
}

interface Stretch {
  readonly keys: ObjectKey[];
  readonly facts: Map<ObjectKey, UnmanagedFact>;
  readonly last: boolean;
}

/** At least one, which is the last. Each fact is read when its message is made: it may have changed since the first was. */
function* stretches(told: ToldUnmanaged, keys: readonly ObjectKey[]): Generator<Stretch> {
  let stretch: Stretch = { keys: [], facts: new Map(), last: false };
  let bytes = 0;
  for (const key of keys) {
    const fact = told.fact(key);
    const size = Buffer.byteLength(key) + (fact ? Buffer.byteLength(JSON.stringify(fact)) : 0);
    if (bytes > 0 && bytes + size > mostTextBytes) {
      yield stretch;
      stretch = { keys: [], facts: new Map(), last: false };
      bytes = 0;
    }
    stretch.keys.push(key);
    if (fact !== undefined) stretch.facts.set(key, fact);
    bytes += size;
  }
  yield { ...stretch, last: true };
}

function factsPart(
  facts: ReadonlyMap<ObjectKey, UnmanagedFact>,
): Pick<Part, 'unmanagedBindings' | 'unmanagedRoles'> {
  const all = [...facts.values()];
  return {
    unmanagedBindings: all.flatMap((fact) => ('binding' in fact ? [fact.binding] : [])),
    unmanagedRoles: all.flatMap((fact) => ('role' in fact ? [fact.role] : [])),
  };
}

const message = (part: Part): wire.AgentMessage => ({
  message: 'inventory',
  inventory: { ...emptyInventory, ...part },
});
