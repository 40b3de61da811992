import { createAuthority } from '../access/certificates.ts';
import type { SimulatedClusterOptions } from '../dev-clusters-options.ts';
import { ApiListener } from './api-listener.ts';
import { SimulatedCluster } from './simulated-cluster.ts';
import { Simulation } from './simulation.ts';
import type { SimulationOptions } from './simulation.ts';

/** Starts a simulated cluster on a free port of loopback, within a few milliseconds. */
export async function startSimulatedCluster(
  options: SimulatedClusterOptions & Partial<SimulationOptions>,
): Promise<SimulatedCluster> {
  const { name, now = () => Date.now(), namespaceDeletionMs = 200 } = options;
  const simulation = new Simulation({ now, namespaceDeletionMs });
  const authority = await createAuthority('kubernetes');
  const serving = await authority.serving('kube-apiserver');
  const admin = await authority.client({ user: 'admin', groups: ['system:masters'] });
  const newListener = (): ApiListener =>
    new ApiListener(authority.certPem, serving, (request, response) => {
      void simulation.server.serve(request, response);
    });
  const listener = newListener();
  const port = await listener.listen(0);
  return new SimulatedCluster({ name, simulation, authority, admin, port, listener, newListener });
}
