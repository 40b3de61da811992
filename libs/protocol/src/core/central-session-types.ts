import type { Millis } from '@ambit/kernel';
import type {
  ApplyReport,
  CentralMessage,
  CommandOrder,
  CredentialAnswer,
  CredentialOrder,
  AgentMessage,
  Hello,
  Inventory,
  Order,
  RevokedSubject,
  SignedEnvelope,
  StateEntry,
  Status,
} from './generated/messages.ts';

/** The newest state of one cluster, all of it of one revision. */
export interface OfferedState {
  readonly revision: number;
  readonly root: Uint8Array;
  /** Empty when there is none. */
  readonly lineage: Uint8Array;
  /** Sections that hold entries. */
  readonly sections: Iterable<string>;
  /** Signed Manifest of this revision and root. */
  readonly manifest: SignedEnvelope;
  /** Every entry, sections in their order. */
  entries(): readonly StateEntry[];
  /** The entries of these keys; a key that is not answered has no entry any more. */
  entriesOf(keys: Iterable<string>): readonly StateEntry[];
  /** The keys that may differ from the state with this root; undefined when that state is not known. */
  changedSince(root: Uint8Array): Iterable<string> | undefined;
}

/** What the session needs from outside; all of it synchronous. */
export interface CentralSessionPorts {
  readonly desired: () => OfferedState;
  readonly signRevocation: (revision: number, revoked: readonly RevokedSubject[]) => SignedEnvelope;
  readonly signTime: (now: Millis) => SignedEnvelope;
  readonly signOrder: (order: OrderOfStream) => SignedEnvelope;
  readonly signCredentialOrder: (order: PlaceOfOrder & CredentialWanted) => SignedEnvelope;
}

/** Which stream an order is for, and its place there. */
type PlaceOfOrder = Pick<CommandOrder, 'instanceId' | 'attempt' | 'sessionEpoch' | 'sequence'>;

/** What an order says beside the names of installation, cluster and state epoch. */
export type OrderOfStream = PlaceOfOrder & Pick<CommandOrder, 'order'>;

/** `T` of each member of a union. */
type OmitFromEach<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

/** What somebody wants of an agent, wherever its stream is. */
export type CredentialWanted = OmitFromEach<
  CredentialOrder,
  'installationUid' | 'clusterUid' | 'stateEpoch' | keyof PlaceOfOrder
>;

/** Durations in milliseconds. */
export interface CentralSessionSettings {
  readonly clusterUid: string;
  readonly stateEpoch: number;
  readonly heartbeatIntervalMs: number;
  readonly inventoryIntervalMs: number;
  readonly backoffBaseMs: number;
  readonly backoffCapMs: number;
  readonly maxChunkBytes: number;
  readonly timeIntervalMs: number;
  /** Set once the state epoch was raised. */
  readonly epochRaise: SignedEnvelope | null;
}

/** `at` is a monotonic time in milliseconds, `wallClock` milliseconds since 1970. */
export type CentralEvent =
  /** The Hello of an agent whose certificate, record and cluster were found good; it now owns this session epoch. */
  | {
      readonly on: 'admitted';
      readonly at: Millis;
      readonly wallClock: Millis;
      readonly hello: Hello;
      readonly sessionEpoch: number;
    }
  /** A commit touched the cluster. No keys: only the manifest is new. */
  | { readonly on: 'changed'; readonly at: Millis; readonly keys: Iterable<string> }
  /** As `changed`, and these subjects lose access by it. */
  | {
      readonly on: 'revoked';
      readonly at: Millis;
      readonly keys: Iterable<string>;
      readonly revoked: readonly RevokedSubject[];
    }
  | {
      readonly on: 'message';
      readonly at: Millis;
      readonly wallClock: Millis;
      readonly message: AgentMessage;
    }
  | { readonly on: 'tick'; readonly at: Millis; readonly wallClock: Millis }
  | { readonly on: 'command'; readonly order: Order }
  /** Only for an agent that makes credentials. */
  | { readonly on: 'credential'; readonly wanted: CredentialWanted }
  | {
      readonly on: 'drain';
      readonly minWaitMs: Millis;
      readonly maxWaitMs: Millis;
      readonly reason: string;
    }
  /** A newer stream of this identity was admitted. */
  | { readonly on: 'superseded'; readonly newerSessionEpoch: number };

export type CentralCloseReason =
  | 'protocol_error'
  | 'unsupported_protocol'
  | 'wrong_cluster'
  | 'state_ahead'
  | 'heartbeat_missed'
  | 'superseded'
  | 'goodbye';

export type CentralEffect =
  | { readonly do: 'send'; readonly message: CentralMessage }
  /** A state as a lazy sequence of messages; other messages may go between its chunks. Replaces an unfinished one. */
  | {
      readonly do: 'sendState';
      readonly messages: Iterable<CentralMessage>;
      readonly mode: 'full' | 'delta' | 'up_to_date';
      readonly revision: number;
      readonly entries: number;
      readonly bytes: number;
    }
  /** The agent has this revision on disk. */
  | { readonly do: 'accepted'; readonly revision: number; readonly root: Uint8Array }
  /** The agent's reconciler is through with this revision. */
  | { readonly do: 'applied'; readonly revision: number; readonly report: ApplyReport }
  | {
      readonly do: 'refused';
      readonly revision: number;
      readonly code: string;
      readonly message: string;
      readonly items: readonly string[];
    }
  /** The agent said something that this version does not know: it is left alone. */
  | { readonly do: 'ignored' }
  | { readonly do: 'revokeAcknowledged'; readonly revision: number }
  | { readonly do: 'status'; readonly status: Status }
  | { readonly do: 'inventory'; readonly inventory: Inventory }
  | { readonly do: 'credentialAnswered'; readonly answer: CredentialAnswer }
  | { readonly do: 'close'; readonly reason: CentralCloseReason; readonly message: string };
