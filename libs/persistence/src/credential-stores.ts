import type { Millis } from '@ambit/kernel';
import type { SessionOfCluster, StoredHello } from './sync/cluster-sync.ts';
import type {
  AgentIdentity,
  AgentOrder,
  ApiTokenRecord,
  CertificateRecord,
  IssuerKeyRecord,
  JoinTokenRecord,
  SessionPrincipal,
  SessionRecord,
  LettingRule,
} from './records.ts';

export interface NewJoinToken {
  readonly id: string;
  readonly secretHash: Uint8Array;
  /** Public key that a proof of the token is checked with. */
  readonly proofKey?: Uint8Array;
  readonly clusterUid: string;
  readonly createdBy: string;
  readonly ttlMs: number;
}

export type JoinTokenUse =
  | { readonly ok: true; readonly clusterUid: string; readonly clusterName: string }
  | { readonly ok: false; readonly reason: 'unknown' | 'used' | 'expired' };

export interface JoinTokenStore {
  insert(token: NewJoinToken): Promise<JoinTokenRecord>;
  /** Exactly one caller ever gets `ok` for a token, whatever runs beside it. Time is the database's. */
  consume(id: string, secretHash: Uint8Array): Promise<JoinTokenUse>;
  /** The key that proofs of this token are checked with; undefined when it is not known here. */
  proofKey(id: string): Promise<Uint8Array | undefined>;
  /** As `consume`, for a caller whose proof was good. */
  consumeProven(id: string, proofKey: Uint8Array): Promise<JoinTokenUse>;
  /** Takes an unused token back. Throws not_found. */
  revoke(id: string, clusterUid: string): Promise<JoinTokenRecord>;
  /** Removes tokens that were used or ended before. Gives how many. */
  purge(before: Millis): Promise<number>;
}

/** What a Hello says of the session that it opens. */
export type NewSession = Omit<StoredHello, 'clusterUid'>;

export type HelloTaken =
  | {
      readonly ok: true;
      readonly identity: AgentIdentity;
      readonly sessionEpoch: number;
      /** uids of the identities that this Hello revoked. */
      readonly replaced: readonly string[];
    }
  | { readonly ok: false; readonly identity: AgentIdentity | null };

export interface AgentStore {
  /** A new identity with its first certificate. */
  enrol(input: {
    readonly agentUid: string;
    readonly clusterUid: string;
    readonly certificate: CertificateRecord;
  }): Promise<void>;
  /** `renewedBy`: fingerprint of the certificate by whose right it was got. */
  addCertificate(
    agentUid: string,
    certificate: CertificateRecord,
    renewedBy?: string,
  ): Promise<void>;
  /** The record of a certificate, locked; null when we never issued it. */
  byFingerprint(fingerprint: string): Promise<AgentIdentity | null>;
  /**
   * Takes a Hello: refused when the certificate is not known, revoked or superseded. The first one of a certificate
   * supersedes the others of its agent, but for those that were got by its own right, and revokes the identities enrolled before. What runs beside it waits, so that
   * a certificate that is refused afterwards never gets the later session.
   */
  takeHello(fingerprint: string, hello: NewSession): Promise<HelloTaken>;
  /** Ends those of these sessions that no newer one replaced. */
  endSessions(sessions: readonly SessionOfCluster[]): Promise<void>;
  /** Revokes every live identity of the cluster. Gives their uids. */
  revokeCluster(clusterUid: string, because: string): Promise<readonly string[]>;
  /** Tells the agent something, through whichever replica holds its stream when this is committed. */
  order(order: AgentOrder): void;
  insertNonce(nonceHash: Uint8Array, fingerprint: string, ttlMs: number): Promise<void>;
  /** True for exactly one caller per nonce, and only in time and for that certificate. */
  consumeNonce(nonceHash: Uint8Array, fingerprint: string): Promise<boolean>;
  purgeNonces(): Promise<number>;
}

export interface ApiTokenStore {
  /** Throws already_exists for the name of a live token. */
  insert(
    token: Pick<ApiTokenRecord, 'id' | 'name' | 'hash' | 'role'> & { readonly ttlMs?: number },
  ): Promise<ApiTokenRecord>;
  /** By name or id. Throws not_found. Revoking twice is no error. */
  revoke(nameOrId: string): Promise<ApiTokenRecord>;
  purge(before: Millis): Promise<number>;
}

export interface NewUserSession {
  readonly id: string;
  readonly hash: Uint8Array;
  readonly principal: SessionPrincipal;
  readonly signedInBy: string;
  readonly address: string;
  /** uid of the identity at a provider that it begins with. */
  readonly identityUid?: string;
  /** Mark of the sign-in at the provider that it begins with, where the provider tells sign-ins apart. */
  readonly upstreamSession?: string;
  readonly ttlMs: Millis;
  /** Of a static token. */
  readonly tokenName?: string;
  readonly letInBy?: readonly LettingRule[];
}

/** A sign-in at a provider that ended there. */
export interface UpstreamEnd {
  readonly issuer: string;
  /** Whose it was, where the provider says so. */
  readonly subject?: string;
  /** As in `NewUserSession`. */
  readonly upstreamSession: string;
}

/** A session that ended, and whose it was. */
export interface EndedOfPrincipal {
  readonly id: string;
  readonly principal: SessionPrincipal;
}

export interface SessionStore {
  insert(session: NewUserSession): Promise<SessionRecord>;
  /** By its id. Throws not_found. Ending twice is no error, and the first reason stays. */
  end(id: string, because: string): Promise<SessionRecord>;
  /** By its id, with what Delegations give its principal now. */
  find(id: string): Promise<SessionRecord | undefined>;
  /** Notes until when a token lasts that webhooks take while the session runs. Who ends it beside this waits. Nothing for one that ended. */
  noteToken(id: string, until: Millis): Promise<void>;
  /** How long ago each session of a principal began that did so within this time, also those that ended; the first one first. */
  begunLately(principalUid: string, withinMs: Millis): Promise<readonly Millis[]>;
  /** Every running session of a principal. Gives their ids. */
  endOf(principalUid: string, because: string): Promise<readonly string[]>;
  /** Every running session that began with one of these identities. Gives them. */
  endOfIdentities(
    identityUids: readonly string[],
    because: string,
  ): Promise<readonly EndedOfPrincipal[]>;
  /**
   * Every running session that began with this sign-in at a provider, and those of its person, when that is said, of which
   * nobody knows with which they began. Gives them.
   */
  endOfUpstream(end: UpstreamEnd, because: string): Promise<readonly EndedOfPrincipal[]>;
  /** Every running session. Gives how many. */
  endAll(because: string): Promise<number>;
  /** Every session of a principal that runs, newest first. */
  runningOf(principalUid: string): Promise<readonly SessionRecord[]>;
  /** The static tokens of a service identity that run. */
  staticTokens(serviceUid: string): Promise<readonly SessionRecord[]>;
  /** The static tokens that end within so many days, of which that was not told, nor that fewer are left; told from now on. */
  warn(days: number): Promise<readonly SessionRecord[]>;
  /** Removes those that were over before. Gives how many. */
  purge(before: Millis): Promise<number>;
}

export type NewIssuerKey = Omit<IssuerKeyRecord, 'signsFrom'> & {
  /** When it begins to sign, from now. */
  readonly signsInMs: Millis;
};

export interface IssuerKeyStore {
  /** All keys, the one that signs first first. Who asks beside it waits until the end of the transaction. */
  list(): Promise<readonly IssuerKeyRecord[]>;
  /** `told: false`: no replica that runs has to hear of it. */
  insert(key: NewIssuerKey, options?: { readonly told?: boolean }): Promise<void>;
  remove(kids: readonly string[]): Promise<void>;
}

/** Tokens of other issuers that let somebody in. */
export interface UsedTokenStore {
  /** True for exactly one caller per principal and token, whatever runs beside it, until `purge` forgets the token. */
  use(principalUid: string, token: Uint8Array, expiresAt: Millis): Promise<boolean>;
  /** Forgets those that ended before. Gives how many. */
  purge(before: Millis): Promise<number>;
}
