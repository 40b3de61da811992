/** What the program may use of the streams of agents. */
export { AdmitAgent } from './admit-agent.ts';
export { AgentGateway } from './agent-gateway.ts';
export type { GatewayPorts } from './agent-gateway.ts';
export type { GatewayParts } from './gateway-parts.ts';
export { AgentStatus } from './agent-status.ts';
export { AskAgents } from './ask-agents.ts';
export type { AgentGave } from './ask-agents.ts';
export { AskHere } from './ask-here.ts';
export { AuditIngest } from './audit-ingest.ts';
export { CredentialRelay } from './credential-relay.ts';
export { Departures } from './departures.ts';
export { ConnectedClusters } from './connected-clusters.ts';
export { finishRemoval } from './finish-removal.ts';
export { withStorableText } from './from-agents.ts';
export { purgePassedRequests } from './purge-passed-requests.ts';
export { StreamRecords } from './stream-records.ts';
export { RefuseAhead } from './refuse-ahead.ts';
