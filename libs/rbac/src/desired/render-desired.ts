import type { Intent } from '../intents.ts';
import type { ObjectKey } from '../naming/object-key.ts';
import type { DesiredObject, IntentProblem, Mask, NamespaceState } from './desired-object.ts';
import { DesiredState, type DesiredStateOptions } from './desired-state.ts';

export interface RenderInput extends DesiredStateOptions {
  readonly intents: Iterable<Intent>;
  readonly namespaces: Iterable<NamespaceState>;
  readonly masks?: Iterable<Mask>;
  /** Names of the ClusterRoles in the cluster; left out when unknown. */
  readonly existingRoles?: Iterable<string>;
}

/** What should stand in a cluster, from scratch. */
export function renderDesired(input: RenderInput): {
  readonly objects: Map<ObjectKey, DesiredObject>;
  readonly problems: IntentProblem[];
} {
  const state = new DesiredState(input);
  for (const namespace of input.namespaces) state.setNamespace(namespace);
  if (input.masks !== undefined) state.setMasks(input.masks);
  if (input.existingRoles !== undefined) state.setExistingRoles(input.existingRoles);
  state.setIntents(input.intents);
  const objects = new Map(Array.from(state.entries(), (object) => [object.key, object]));
  return { objects, problems: state.problems() };
}
