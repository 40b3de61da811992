/** What other slices may use of the policy in memory. */
export { DesiredStateModule } from './desired-state.module.ts';
export { ClusterState } from './cluster-state.ts';
export { EncodedIntents } from './encoded-intents.ts';
export { loadPolicyWorld } from './load-policy-world.ts';
export { PolicyWorld } from './policy-world.ts';
export type { RevisionTouch, TakenAccess } from './revision-memory.ts';
export type { EntriesAround } from './entries-around.ts';
