import { nodeDigests } from '@ambit/transport';
import type { AgentParts } from './agent-parts.ts';
import { HeldNamespaces } from './namespaces/held-namespaces.ts';
import type { NamespaceKeeper } from './namespaces/namespace-keeper.ts';
import { openNamespaceKeeper } from './namespaces/open-namespace-keeper.ts';
import type { Teardown } from './platform/teardown.ts';
import { finishWithinMs, within } from './platform/within.ts';
import { ClusterReconciler } from './reconcile/cluster-reconciler.ts';
import { followers } from './reconcile/followers.ts';
import type { StateFollower } from './reconcile/ports.ts';
import { UnmanagedNews } from './unmanaged/unmanaged-news.ts';
import { UnmanagedObjects } from './unmanaged/unmanaged-objects.ts';
import { UnmanagedWatch } from './unmanaged/unmanaged-watch.ts';

/** What makes the cluster as it is to be, and what is kept of objects that are not ours. */
export interface Reconcilers {
  readonly reconciler: ClusterReconciler;
  readonly namespaces: NamespaceKeeper;
  readonly unmanaged: UnmanagedObjects;
}

/** What looks after namespaces is there before the first state is handed over. */
export function makeReconcilers(
  parts: AgentParts,
  follower: StateFollower,
  teardown: Teardown,
): Reconcilers {
  const teams = new HeldNamespaces();
  const unmanaged = new UnmanagedObjects();
  const reconciler = makeReconciler(parts, followers([follower, teams]), unmanaged);
  const namespaces = openNamespaceKeeper(parts, reconciler, teams);
  namespaces.start();
  teardown.add('namespaces of teams', () => within(finishWithinMs, namespaces.stop()));
  return { reconciler, namespaces, unmanaged };
}

function makeReconciler(
  parts: AgentParts,
  follower: StateFollower,
  strangers: UnmanagedObjects,
): ClusterReconciler {
  const { kubernetes, keeper, ceiling, clockInterval, inventory, trail, logger } = parts;
  const { installationUid } = keeper.identity;
  return new ClusterReconciler({
    client: kubernetes.client,
    identity: { kubeSystemUid: kubernetes.kubeSystemUid, installationUid },
    ceiling: ceiling.ceiling,
    clock: clockInterval,
    inventory,
    audit: trail.log,
    announcer: trail.announcements,
    digests: nodeDigests,
    logger,
    follower,
    strangers,
    random: Math.random,
  });
}

/** Watches what is not ours, once it is started; `news` is what of it is to be told. */
export function watchUnmanaged(
  { kubernetes, inventory, logger }: AgentParts,
  objects: UnmanagedObjects,
  teardown: Teardown,
): { readonly news: UnmanagedNews; start(): void } {
  const watch = new UnmanagedWatch({
    client: kubernetes.client,
    objects,
    isOurs: (key, uid) => uid !== undefined && inventory.uid(key) === uid,
    random: Math.random,
    logger,
  });
  teardown.add('watch of what is not ours', () => watch.stop());
  return { news: new UnmanagedNews(objects, watch), start: () => watch.start() };
}
