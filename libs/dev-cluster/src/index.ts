/**
 * Kubernetes control planes for tests and the demo: real ones (found, downloaded or built, then started and stopped)
 * and simulated ones, behind one interface. Programs that are shipped may not import it.
 */
export { createAuthority } from './access/certificates.ts';
export * from './dev-cluster.ts';
export * from './dev-clusters-options.ts';
export { kubectl, type KubectlOptions, type KubectlResult } from './kubectl.ts';
export { obtainHelm } from './obtain/obtain-helm.ts';
export { obtainPrograms } from './obtain/obtain-programs.ts';
export { kubernetesVersion } from './obtain/pins.ts';
export { kubernetesAtHand } from './obtain/present-programs.ts';
export { describeSources, type Programs } from './obtain/programs.ts';
export { freePorts } from './processes/free-ports.ts';
export { holdPort, type HeldPort } from './processes/held-port.ts';
export type { ManagedProcess } from './processes/managed-process.ts';
export { processesOf } from './processes/processes-of.ts';
export { ProcessFolder, type ProgramStart } from './processes/process-folder.ts';
export { waitUntil, type WaitUntil } from './processes/wait-until.ts';
export * from './settings.ts';
export { startDevClusters } from './start-dev-clusters.ts';
export type { Fault, FaultMatch, InjectedFault } from './simulated/faults.ts';
export type { LoggedRequest, RequestLog } from './simulated/request-log.ts';
export type { SimulatedCluster } from './simulated/simulated-cluster.ts';
export { startSimulatedCluster } from './simulated/start-simulated-cluster.ts';
