import { admissionCost } from '../admission-cost.ts';
import type { Benchmark } from '../harness/benchmark.ts';
import { compileFull } from './b01-compile-full.ts';
import { compileIncremental } from './b02-compile-incremental.ts';
import { changeToEnforced } from './b03-change-to-enforced.ts';
import { broadcast } from './b04-broadcast.ts';
import { revokeUnderLoad } from './b05-revoke-under-load.ts';
import { reconnectStorm } from './b06-reconnect-storm.ts';
import { reconcileCold } from './b07-reconcile-cold.ts';
import { reconcileWarm } from './b08-reconcile-warm.ts';
import { driftRepair } from './b09-drift-repair.ts';
import { agentFootprint } from './b10-agent-footprint.ts';
import { memoryPerAgent } from './b11-memory-per-agent.ts';
import { idleFleet } from './b12-idle-fleet.ts';
import { auditIngest } from './b15-audit-ingest.ts';
import { auditQuery } from './b16-audit-query.ts';
import { whoCanDo } from './b19-who-can.ts';
import { onboardCluster } from './b21-onboard-cluster.ts';
import { authorizerTax } from './b22-authorizer-tax.ts';
import { bulkApply } from './bulk-apply.ts';
import { countsOfAChange } from './counts-of-a-change.ts';
import { endsAfterRestart } from './ends-after-restart.ts';
import { guardCost } from './guard-cost.ts';
import { putGrant } from './put-grant.ts';
import { sseWatchers } from './sse-watchers.ts';
import { threeThousandAgents } from './three-thousand-agents.ts';

/** Every benchmark, in the order in which they run. */
export const suite: readonly Benchmark[] = [
  countsOfAChange,
  compileFull,
  compileIncremental,
  changeToEnforced,
  broadcast,
  revokeUnderLoad,
  reconnectStorm,
  reconcileCold,
  reconcileWarm,
  driftRepair,
  agentFootprint,
  memoryPerAgent,
  idleFleet,
  auditIngest,
  auditQuery,
  whoCanDo,
  onboardCluster,
  authorizerTax,
  putGrant,
  bulkApply,
  sseWatchers,
  guardCost,
  admissionCost,
  endsAfterRestart,
  threeThousandAgents,
];
