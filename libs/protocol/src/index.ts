/**
 * The agent wire: the messages of `proto/`, their bytes, and both ends of the stream as state machines without I/O
 * (`core/`, which the compiler keeps free of the platform). It moves nothing and knows no policy.
 */
export type * as wire from './core/generated/messages.ts';
export { HashTree, type TreeChange } from './core/hash-tree.ts';
export { SharedTree, TreeGround, type TreeEntry } from './core/shared-tree.ts';
export { comparePoints, contains, type StatePoint } from './core/state-point.ts';
export {
  refusalOfContent,
  refusalOfPoint,
  type AcceptedPoint,
  type ManifestContext,
  type NackCode,
  type StateRefusal,
} from './core/manifest-rules.ts';
export { emptyInventory } from './core/empty-inventory.ts';
export { defaultHeartbeatMs, wireLimits } from './core/limits.ts';
export type { StateTransfer } from './core/chunking.ts';
export { isRefusal, readEntries } from './core/state-assembly.ts';
export type { DecodeIntent, SkippedEntry, StateChange } from './core/state-assembly.ts';
export { agentCapabilities, isCompact, makesCredentials } from './core/capabilities.ts';
export { AgentSession } from './core/agent-session.ts';
export type * from './core/agent-session-types.ts';
export { CentralSession } from './core/central-session.ts';
export type * from './core/central-session-types.ts';
export { closeCodes } from './core/close-codes.ts';
export { StateHistory } from './core/state-history.ts';
export {
  centralTimeCodec,
  commandOrderCodec,
  credentialAnswerCodec,
  credentialOrderCodec,
  epochRaiseCodec,
  manifestCodec,
  revocationCodec,
  signedEnvelopeCodec,
  trustBundleCodec,
  type Codec,
} from './codecs/codec.ts';
export { decodeIntent, encodeIntent, ruleFromWire, ruleToWire } from './codecs/intent-codec.ts';
export {
  agentServices,
  type MethodDefinition,
  type ReceivedAuditBatch,
} from './codecs/services.ts';
export {
  auditBatchProblem,
  decodeAuditEvent,
  encodeAuditEvent,
  fillAuditBatch,
  type FilledAuditBatch,
} from './codecs/audit-batch.ts';
