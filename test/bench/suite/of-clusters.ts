import { admissionCost } from '../admission-cost.ts';
import type { Benchmark } from '../harness/benchmark.ts';
import { changeToEnforced } from './b03-change-to-enforced.ts';
import { revokeUnderLoad } from './b05-revoke-under-load.ts';
import { reconcileCold } from './b07-reconcile-cold.ts';
import { reconcileWarm } from './b08-reconcile-warm.ts';
import { driftRepair } from './b09-drift-repair.ts';
import { agentFootprint } from './b10-agent-footprint.ts';
import { onboardCluster } from './b21-onboard-cluster.ts';
import { authorizerTax } from './b22-authorizer-tax.ts';
import { endsAfterRestart } from './ends-after-restart.ts';
import { execPlugin } from './exec-plugin.ts';
import { lockToRefused } from './lock-to-refused.ts';

/** What happens in a cluster: a change in force, the agent's work, and what both cost the API server. */
export const ofClusters: readonly Benchmark[] = [
  changeToEnforced,
  revokeUnderLoad,
  reconcileCold,
  reconcileWarm,
  driftRepair,
  agentFootprint,
  onboardCluster,
  authorizerTax,
  admissionCost,
  endsAfterRestart,
  execPlugin,
  lockToRefused,
];
