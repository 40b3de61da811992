import { admissionCost } from '../admission-cost.ts';
import { agentFootprint } from '../agent-footprint.ts';
import { changeToEnforced } from '../change-to-enforced.ts';
import { guard } from '../guard.ts';
import type { Benchmark } from '../harness/benchmark.ts';
import { broadcast } from './b04-broadcast.ts';
import { revokeUnderLoad } from './b05-revoke-under-load.ts';
import { reconnectStorm } from './b06-reconnect-storm.ts';
import { memoryPerAgent } from './b11-memory-per-agent.ts';
import { idleFleet } from './b12-idle-fleet.ts';
import { countsOfAChange } from './counts-of-a-change.ts';
import { threeThousandAgents } from './three-thousand-agents.ts';
import { auditIngest } from './b15-audit-ingest.ts';
import { auditQuery } from './b16-audit-query.ts';
import { sseWatchers } from './sse-watchers.ts';

/** Prints its figures itself and is judged by nobody. */
const printing = (name: string, says: string, run: () => Promise<void>): Benchmark => ({
  id: name,
  name,
  says,
  notInSmoke: true,
  run: () => run(),
});

/** Every benchmark, in the order in which they run. */
export const suite: readonly Benchmark[] = [
  countsOfAChange,
  printing(
    'change-to-enforced',
    'from a REST call until the API server decides by it, beside a raw POST of the same object',
    changeToEnforced,
  ),
  admissionCost,
  revokeUnderLoad,
  printing(
    'agent-footprint',
    'resident memory and idle CPU of an agent with 10,000 bindings, beside bare Node',
    agentFootprint,
  ),
  auditIngest,
  auditQuery,
  sseWatchers,
  printing(
    'guard',
    'what the removal guard looks at and how long it takes, at 10,000 to 1,000,000 grants',
    guard,
  ),
  broadcast,
  reconnectStorm,
  memoryPerAgent,
  idleFleet,
  threeThousandAgents,
];
