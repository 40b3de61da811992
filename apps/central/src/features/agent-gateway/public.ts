/** What the program may use of the streams of agents. */
export { AdmitAgent } from './admit-agent.ts';
export { AgentGateway } from './agent-gateway.ts';
export type { GatewayPorts } from './agent-gateway.ts';
export type { GatewayParts } from './gateway-parts.ts';
export { AgentStatus } from './agent-status.ts';
export { AuditIngest } from './audit-ingest.ts';
export { Departures } from './departures.ts';
export { ConnectedClusters } from './connected-clusters.ts';
export { finishRemoval } from './finish-removal.ts';
export { withStorableText } from './from-agents.ts';
export { StreamRecords } from './stream-records.ts';
export { RefuseAhead } from './refuse-ahead.ts';
