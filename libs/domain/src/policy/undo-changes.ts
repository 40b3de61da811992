import type { PolicyChange } from '../policy-objects.ts';
import type { PolicyStore } from './policy-store.ts';

/** The changes that bring the store back to what it is now, once `changes` were made. */
export function undoOf(changes: readonly PolicyChange[], store: PolicyStore): PolicyChange[] {
  const undo = new Map<string, PolicyChange>();
  for (const change of changes) {
    const { kind, uid } = change.op === 'put' ? change.object : change;
    if (undo.has(`${kind}/${uid}`)) continue;
    const object = store.byUid(kind, uid);
    undo.set(
      `${kind}/${uid}`,
      object === undefined ? { op: 'delete', kind, uid } : { op: 'put', object },
    );
  }
  return [...undo.values()];
}
