import { secondsBuckets, type MetricDefinition } from './metrics.ts';

/** Metrics of the agent. */
export const agentMetrics = {
  acting: {
    type: 'gauge',
    name: 'ambit_agent_acting',
    help: '1 in the replica that acts, 0 in those that stand by.',
    labels: [],
  },
  connected: {
    type: 'gauge',
    name: 'ambit_agent_connected',
    help: '1 while the stream to central is up.',
    labels: [],
  },
  reconnects: {
    type: 'counter',
    name: 'ambit_agent_reconnects_total',
    help: 'Streams to central that ended.',
    labels: ['reason'],
  },
  statesRefused: {
    type: 'counter',
    name: 'ambit_agent_refused_total',
    help: 'States, revocations, times and epochs from central that were refused.',
    labels: ['reason'],
  },
  reconciles: {
    type: 'counter',
    name: 'ambit_agent_reconcile_total',
    help: 'Revisions that the cluster was brought to; result is in_force or with_problems.',
    labels: ['result'],
  },
  reconcileDuration: {
    type: 'histogram',
    name: 'ambit_agent_reconcile_duration_seconds',
    help: 'From a revision being accepted until the cluster holds it.',
    labels: [],
    buckets: secondsBuckets,
  },
  objects: {
    type: 'gauge',
    name: 'ambit_agent_objects',
    help: 'Objects of ours in the cluster.',
    labels: ['kind'],
  },
  driftCorrections: {
    type: 'counter',
    name: 'ambit_agent_drift_corrections_total',
    help: 'Objects put back after somebody else changed them.',
    labels: ['kind'],
  },
  kubeRequests: {
    type: 'counter',
    name: 'ambit_agent_kube_requests_total',
    help: 'Requests to the API server.',
    labels: ['verb', 'code'],
  },
  auditBufferEvents: {
    type: 'gauge',
    name: 'ambit_agent_audit_buffer_events',
    help: 'Audit events that central has not acknowledged.',
    labels: [],
  },
  auditBufferBytes: {
    type: 'gauge',
    name: 'ambit_agent_audit_buffer_bytes',
    help: 'Size on disk of what central has not acknowledged.',
    labels: [],
  },
  auditDropped: {
    type: 'counter',
    name: 'ambit_agent_audit_dropped_total',
    help: 'Audit events given up, each covered by a gap record.',
    labels: ['reason'],
  },
  auditCuts: {
    type: 'counter',
    name: 'ambit_agent_audit_cuts_total',
    help: 'Streams for audit events that were cut because central acknowledged nothing.',
    labels: [],
  },
  auditStalled: {
    type: 'gauge',
    name: 'ambit_agent_audit_stalled',
    help: '1 while audit events wait and central takes none.',
    labels: [],
  },
  certificateExpiry: {
    type: 'gauge',
    name: 'ambit_agent_certificate_expiry_timestamp_seconds',
    help: 'When the certificate of the agent ends, in seconds since 1970.',
    labels: [],
  },
  ceilingRefusals: {
    type: 'counter',
    name: 'ambit_agent_ceiling_refusals_total',
    help: 'Intents that the ceiling of the cluster refused.',
    labels: [],
  },
  webhookReviews: {
    type: 'counter',
    name: 'ambit_agent_token_reviews_total',
    help: 'Tokens that the API server asked about; result is accepted, or why nobody was let in.',
    labels: ['result'],
  },
} as const satisfies Readonly<Record<string, MetricDefinition>>;
