import { secondsBuckets, type MetricDefinition } from './metrics.ts';

/** Metrics of central. */
export const centralMetrics = {
  httpRequests: {
    type: 'counter',
    name: 'ambit_http_requests_total',
    help: 'REST requests answered.',
    labels: ['method', 'route', 'code'],
  },
  httpRequestDuration: {
    type: 'histogram',
    name: 'ambit_http_request_duration_seconds',
    help: 'Time to answer a REST request.',
    labels: ['method', 'route'],
    buckets: secondsBuckets,
  },
  waitingCalls: {
    type: 'gauge',
    name: 'ambit_waiting_calls',
    help: 'REST calls that wait or follow events now.',
    labels: [],
  },
  grpcHandled: {
    type: 'counter',
    name: 'ambit_grpc_server_handled_total',
    help: 'gRPC calls ended.',
    labels: ['service', 'method', 'code'],
  },
  grpcStreamsOpen: {
    type: 'gauge',
    name: 'ambit_grpc_streams_open',
    help: 'gRPC streams open now.',
    labels: ['service'],
  },
  agentsConnected: {
    type: 'gauge',
    name: 'ambit_agents_connected',
    help: 'Agents with a stream to this replica.',
    labels: [],
  },
  agentLastHeartbeat: {
    type: 'gauge',
    name: 'ambit_agent_last_heartbeat_timestamp_seconds',
    help: 'When the agent of a cluster was last heard, in seconds since 1970.',
    labels: ['cluster'],
  },
  policyRevision: {
    type: 'gauge',
    name: 'ambit_policy_revision',
    help: 'Revision of the policy this replica holds.',
    labels: [],
  },
  stateAhead: {
    type: 'gauge',
    name: 'ambit_state_ahead',
    help: '1 while no change is taken, because somebody holds a state newer than the restored database.',
    labels: [],
  },
  clusterAppliedRevision: {
    type: 'gauge',
    name: 'ambit_cluster_applied_revision',
    help: 'Revision that a cluster has applied.',
    labels: ['cluster'],
  },
  propagationDuration: {
    type: 'histogram',
    name: 'ambit_propagation_duration_seconds',
    help: 'From the commit of a change until a cluster has applied it.',
    labels: ['cluster'],
    buckets: secondsBuckets,
  },
  removalGuardTrips: {
    type: 'counter',
    name: 'ambit_removal_guard_trips_total',
    help: 'Changes refused because they take away too much at once.',
    labels: [],
  },
  auditEvents: {
    type: 'counter',
    name: 'ambit_audit_events_total',
    help: 'Audit events stored from agents.',
    labels: ['cluster'],
  },
  auditEventsRefused: {
    type: 'counter',
    name: 'ambit_audit_events_refused_total',
    help: 'Audit events of an agent that were refused, or stored with a mark, by what was wrong.',
    labels: ['cluster', 'reason'],
  },
  recordsDropped: {
    type: 'counter',
    name: 'ambit_agent_records_dropped_total',
    help: 'What agents reported and the database refused; nothing of other clusters is lost by it.',
    labels: ['record'],
  },
  auditGapEvents: {
    type: 'counter',
    name: 'ambit_audit_gap_events_total',
    help: 'Audit events of a cluster that are known to be lost.',
    labels: ['cluster'],
  },
  auditLag: {
    type: 'gauge',
    name: 'ambit_audit_lag_seconds',
    help: 'Age of the newest stored audit event of a cluster when it arrived.',
    labels: ['cluster'],
  },
  queueJobs: {
    type: 'gauge',
    name: 'ambit_queue_jobs',
    help: 'Background jobs.',
    labels: ['queue', 'state'],
  },
  dbPoolConnections: {
    type: 'gauge',
    name: 'ambit_db_pool_connections',
    help: 'Connections to PostgreSQL.',
    labels: ['state'],
  },
  certificateExpiry: {
    type: 'gauge',
    name: 'ambit_certificate_expiry_timestamp_seconds',
    help: 'When a certificate ends, in seconds since 1970.',
    labels: ['kind'],
  },
} as const satisfies Readonly<Record<string, MetricDefinition>>;
