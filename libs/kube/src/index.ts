/**
 * A thin Kubernetes client: credentials, the dozen calls Ambit makes, and a reflector that follows one kind of object.
 * It speaks JSON over HTTP/2, decides no policy, and keeps no object in memory. It may import `@ambit/kernel`
 * and `@ambit/rbac`.
 */
export { KubeError, isKubeError } from './kube-error.ts';
export type { KubeErrorCause, KubeErrorDetails, LocalReason } from './kube-error.ts';
export type { KubeConnection, KubeIdentity } from './connection.ts';
export { loadKubeconfig } from './kubeconfig.ts';
export type { KubeconfigOptions } from './kubeconfig.ts';
export { inClusterConnection } from './in-cluster.ts';
export type { InClusterOptions } from './in-cluster.ts';
export { KubeClient } from './kube-client.ts';
export type { Discovery } from './discovery.ts';
export type { CallReport, KubeClientOptions, KubeVerb } from './caller.ts';
export { Reflector } from './reflector.ts';
export type {
  GoneObject,
  ReflectorHandler,
  ReflectorOptions,
  RelistReason,
} from './reflector-options.ts';
/** @public What watches, outside of this library too, knows an object by it. */
export { keyText } from './resources.ts';
export { kubeResources } from './resources.ts';
export type { KubeObject, KubeResource, Namespace, ObjectName } from './resources.ts';
export type { Timers } from './timers.ts';
export type * from './wire.ts';
