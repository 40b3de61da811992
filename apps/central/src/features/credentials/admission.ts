import type { ClusterWayIn, Entrant, PolicyCluster } from '@ambit/domain';
import type { Actor } from '../../platform/actor.ts';

/** Who asks for a credential. */
export interface CredentialCaller {
  readonly actor: Actor;
  readonly requestId: string;
}

/** Where somebody is let in, and as whom. */
export interface ClusterAdmission {
  readonly cluster: PolicyCluster;
  readonly access: ClusterWayIn;
  readonly entrant: Entrant;
  /** The whole name there. */
  readonly name: string;
  /** As bindings there name them; none where they name people. */
  readonly groups: readonly string[];
}

/** What is handed out. */
export interface GivenCredential {
  readonly credential: { readonly token: string } | { readonly certificate: string };
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}
