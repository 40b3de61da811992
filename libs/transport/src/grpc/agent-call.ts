import type { PeerIdentity } from './peer-identity.ts';

export interface PublicCall {
  /** Also in the trailers of an error. */
  readonly requestId: string;
  /** Address and port of the caller. */
  readonly remote: string;
}

export interface AgentCall extends PublicCall {
  /** Verified against our CA. Whether its record is live is for the handler to say. */
  readonly peer: PeerIdentity;
}
