import { startSimulatedCluster } from '@ambit/dev-cluster';
import type { SimulatedCluster } from '@ambit/dev-cluster';
import { eventually } from '@ambit/testing';
import { HandTime } from './hand-time.ts';
import { ReconcileScene } from './reconcile-scene.ts';
import type { SceneOptions } from './reconcile-scene.ts';

export interface Simulation {
  readonly cluster: SimulatedCluster;
  readonly scene: ReconcileScene;
  /** Another reconciler on the same cluster, closed along with the first. */
  readonly open: (options?: Omit<SceneOptions, 'cluster'>) => Promise<ReconcileScene>;
}

const agent = 'ambit-agent';

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

export interface TimedSimulation extends Simulation {
  readonly time: HandTime;
  /** Lets time pass, with all that the agent does meanwhile. */
  readonly pass: (ms: number) => Promise<void>;
  /** Lets time pass until the probe holds, and no more than this. */
  readonly within: (ms: number, probe: () => Promise<void>) => Promise<void>;
}

/** The same in time that stands until the test lets it pass. */
export function inHandTime(
  options: Options,
  body: (simulation: TimedSimulation) => Promise<void>,
): () => Promise<void> {
  return async () => {
    const time = new HandTime();
    await inSimulation({ ...options, time }, async (simulation) => {
      const pass = (ms: number): Promise<void> => time.pass(ms, () => atRest(simulation.cluster));
      const within = async (ms: number, probe: () => Promise<void>): Promise<void> => {
        const until = time.monotonic() + ms;
        while (time.monotonic() < until && !(await holds(probe))) await pass(ms / 20);
        await eventually(probe);
      };
      await body({ ...simulation, time, pass, within });
    })();
  };
}

const holds = (probe: () => Promise<void>): Promise<boolean> =>
  probe().then(
    () => true,
    () => false,
  );

/** Waits until the agent asks and writes nothing more. */
async function atRest(cluster: SimulatedCluster): Promise<void> {
  const asked = (): number => cluster.log.requests.filter(({ user }) => user === agent).length;
  let last = -1;
  await eventually(
    () => {
      const before = last;
      last = asked();
      if (before !== last) throw new Error(`${last} requests of the agent so far`);
    },
    { what: 'the agent being at rest' },
  );
}

/** Writes of the agent so far. */
export function agentWrites(cluster: SimulatedCluster): string[] {
  return cluster.log.writes
    .filter(({ user }) => user === agent)
    .map(({ verb, resource, namespace, name }) => `${verb} ${resource} ${namespace}/${name}`);
}
