export { countClusterBindings } from './count-bindings.ts';
export { clusterKind } from './cluster-kind.ts';
/** What other slices may use of clusters. */
export { isConnected, revisionAsked, shownProblems } from './cluster-response.ts';
export type { StoredResults } from './cluster-response.ts';
export { entryKeyOf, isAhead } from './problems-of-change.ts';
export { ClustersModule } from './clusters.module.ts';
export { clusterUseCases } from './cluster-use-cases.ts';
export type { ClusterUseCases } from './cluster-use-cases.ts';
export { EnrolAgent } from './enrol-agent.ts';
export { SupersededCertificates } from './superseded-certificates.ts';
export type { JoinFacts } from './join-tokens.ts';
export type { AppliedEvents } from './wait-applied.ts';
