import { nodeDigests } from '@ambit/transport';
import type { AgentParts } from '../agent-parts.ts';
import { systemTimers } from '../platform/timers.ts';
import type { ClusterReconciler } from '../reconcile/cluster-reconciler.ts';
import type { HeldNamespaces } from './held-namespaces.ts';
import { NamespaceKeeper } from './namespace-keeper.ts';

/** Keeps the namespaces that the states have kept that the reconciler takes over. It has to be there before the first one. */
export function openNamespaceKeeper(
  { kubernetes, keeper, ceiling, trail, logger }: AgentParts,
  { facts, progress }: ClusterReconciler,
  held: HeldNamespaces,
): NamespaceKeeper {
  const { client, kubeSystemUid: clusterUid } = kubernetes;
  return new NamespaceKeeper({
    client,
    owner: { clusterUid, installationUid: keeper.identity.installationUid },
    held,
    ceiling: () => ceiling.ceiling,
    facts,
    progress,
    audit: trail.log,
    digests: nodeDigests,
    logger,
    timers: systemTimers,
    random: Math.random,
  });
}
