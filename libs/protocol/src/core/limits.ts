/** Limits of the wire that both sides keep. Bytes and counts. */
export const wireLimits = {
  /** A gRPC message of the agent services, either way. */
  messageBytes: 1024 * 1024,
  /** A StateChunk or an AuditBatch. */
  chunkBytes: 256 * 1024,
  /** The body of one StateEntry. */
  entryBytes: 64 * 1024,
  /** All entries of one state. */
  stateBytes: 64 * 1024 * 1024,
  /** Records of one AuditBatch. */
  auditRecords: 512,
  /** One audit event as JSON. */
  auditEventBytes: 16 * 1024,
  /** Items of a NACK and problems of a report. */
  reportItems: 100,
} as const;

/** Version of the protocol that this code speaks; Hello and Welcome agree on one. */
export const protocolVersion = 1;

/** Heartbeats that may be missed, in either direction, before a stream is closed. */
export const missedHeartbeats = 3;

/** Interval between heartbeats until Welcome says another, in milliseconds. */
export const defaultHeartbeatMs = 15_000;
