import type { Benchmark } from '../harness/benchmark.ts';
import { broadcast } from './b04-broadcast.ts';
import { reconnectStorm } from './b06-reconnect-storm.ts';
import { memoryPerAgent } from './b11-memory-per-agent.ts';
import { idleFleet } from './b12-idle-fleet.ts';
import { auditIngest } from './b15-audit-ingest.ts';
import { auditQuery } from './b16-audit-query.ts';
import { credentialMint } from './b18-credential-mint.ts';
import { sseWatchers } from './sse-watchers.ts';
import { threeThousandAgents } from './three-thousand-agents.ts';

/** What many agents cost central, and the trail they fill. */
export const ofFleets: readonly Benchmark[] = [
  broadcast,
  reconnectStorm,
  memoryPerAgent,
  idleFleet,
  auditIngest,
  auditQuery,
  credentialMint,
  sseWatchers,
  threeThousandAgents,
];
