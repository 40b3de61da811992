/**
 * Moves bytes between agents and central and proves who is at the other end: gRPC over TLS 1.3, certificates,
 * signatures, tokens. It knows no policy. The X.509 library is loaded only when a CA is used.
 */
export { nodeDigests, sha256Hex } from './digests.ts';
export {
  createEnvelopeOpeners,
  createEnvelopeSigner,
  generateSigningKey,
  signedByAll,
  type EnvelopeSigner,
  type EnvelopeVerifier,
  type PayloadType,
} from './signing/envelope.ts';
export {
  followTrust,
  mostTrustBundles,
  readTrust,
  sameTrust,
  signTrust,
  trustFromText,
  trustToText,
  type HeldTrust,
  type TrustRefusal,
} from './signing/trust-bundle.ts';
export {
  hashJoinToken,
  joinProofKey,
  makeJoinToken,
  parseJoinToken,
  readPresentedJoinToken,
  signJoinRequest,
  verifyJoinRequest,
  type JoinTokenText,
} from './tokens/join-token.ts';
export {
  makeBearerToken,
  parseBearerToken,
  sameHash,
  type BearerKind,
  type BearerText,
} from './tokens/bearer-token.ts';
export {
  /** @public Who dials without our client, as the attacks in the tests do, needs it. */
  centralName,
  certificateFingerprint,
  certificateLifetimes,
  certificatesFromPem,
  certificatesToPem,
  certificateValidity,
  isIssuedBy,
  extendedKeyUsage,
  publicKeyPin,
} from './pki/certificate-facts.ts';
export {
  createCertificateRequest,
  generateAgentKey,
  signRenewal,
  verifyRenewal,
  type RenewalProof,
} from './pki/agent-key.ts';
export {
  createClientRequest,
  readClientRequest,
  type ClientRequest,
} from './pki/client-request.ts';
export { verifyEnrolment, type EnrolmentFacts } from './pki/enrolment-proof.ts';
export {
  createCa,
  loadCa,
  type AgentCertificate,
  type AgentCertificateRequest,
  type CaFiles,
  type CertificateAuthority,
  type ServerIdentity,
} from './pki/certificate-authority.ts';
export { statusOfKind } from './grpc/error-status.ts';
export type { Outbox, OutboxOptions, OutboxTarget } from './grpc/outbox.ts';
export type { MessageStream, StreamListener } from './grpc/message-stream.ts';
export type { AgentCall, PublicCall } from './grpc/agent-call.ts';
export type { PeerIdentity } from './grpc/peer-identity.ts';
export type { ListenerCertificates } from './grpc/agent-server-credentials.ts';
export {
  createAgentServer,
  type AgentServer,
  type AgentServerHandlers,
  type AgentServerOptions,
  type AuditStream,
  type SyncStream,
} from './grpc/agent-server.ts';
export { addressOfPeer, callerGroup } from './grpc/caller-group.ts';
export { FairQueue } from './grpc/fair-queue.ts';
export { fetchPinnedCa } from './grpc/pin-central.ts';
export type { WayOut, WayThrough } from './grpc/way-through.ts';
export {
  connectToCentral,
  type DialIdentity,
  type CentralConnection,
  type CentralConnectionOptions,
} from './grpc/central-connection.ts';
