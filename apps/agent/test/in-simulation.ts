import { startSimulatedCluster } from '@ambit/dev-cluster';
import type { SimulatedCluster } from '@ambit/dev-cluster';
import { ReconcileScene } from './reconcile-scene.ts';
import type { SceneOptions } from './reconcile-scene.ts';

export interface Simulation {
  readonly cluster: SimulatedCluster;
  readonly scene: ReconcileScene;
  /** Another reconciler on the same cluster, closed along with the first. */
  readonly open: (options?: Omit<SceneOptions, 'cluster'>) => Promise<ReconcileScene>;
}

type Options = Omit<SceneOptions, 'cluster'> & {
  readonly namespaces?: readonly string[];
  readonly namespaceDeletionMs?: number;
};

/** The body of a test with a simulated cluster and a reconciler of its own, whose lists are complete. */
export function inSimulation(
  options: Options,
  body: (simulation: Simulation) => Promise<void>,
): () => Promise<void> {
  return async () => {
    const { namespaces = ['payments'], namespaceDeletionMs = 100, ...more } = options;
    const cluster = await startSimulatedCluster({ name: 'reconcile', namespaceDeletionMs });
    const scenes: ReconcileScene[] = [];
    const open: Simulation['open'] = async (other = {}) => {
      const scene = await ReconcileScene.open({ ...more, ...other, cluster });
      scenes.push(scene);
      return scene;
    };
    try {
      const scene = await open();
      for (const name of namespaces) await scene.namespace(name);
      await scene.ready();
      await body({ cluster, scene, open });
    } finally {
      cluster.faults.clear();
      for (const scene of scenes) await scene.close();
      await cluster.stop();
    }
  };
}

/** Writes of the agent so far. */
export function agentWrites(cluster: SimulatedCluster): string[] {
  return cluster.log.writes
    .filter(({ user }) => user === 'ambit-agent')
    .map(({ verb, resource, namespace, name }) => `${verb} ${resource} ${namespace}/${name}`);
}
