import type { Digests, Millis } from '@ambit/kernel';
import type {
  AgentMessage,
  ApplyReport,
  CentralMessage,
  CentralTime,
  CommandOrder,
  CredentialOrder,
  EpochRaise,
  Hello,
  Manifest,
  Order,
  Revocation,
  SignedEnvelope,
} from './generated/messages.ts';
import type { HashTree } from './hash-tree.ts';
import type { AcceptedPoint } from './manifest-rules.ts';
import type { DecodeIntent, StateChange } from './state-assembly.ts';

/** What a signed envelope says, or why it is not believed. */
export type Opened<T> =
  | { readonly ok: true; readonly value: T }
  | {
      readonly ok: false;
      readonly code: 'bad_signature' | 'unknown_key' | 'malformed';
      readonly message: string;
    };

/** What the session needs from outside; all of it synchronous and without side effects. */
export interface AgentSessionPorts {
  readonly digests: Digests;
  readonly openManifest: (envelope: SignedEnvelope) => Opened<Manifest>;
  readonly openRevocation: (envelope: SignedEnvelope) => Opened<Revocation>;
  readonly openCentralTime: (envelope: SignedEnvelope) => Opened<CentralTime>;
  /** Verifies with the epoch keys, never with the state keys. */
  readonly openEpochRaise: (envelope: SignedEnvelope) => Opened<EpochRaise>;
  readonly openCommand: (envelope: SignedEnvelope) => Opened<CommandOrder>;
  readonly openCredentialOrder: (envelope: SignedEnvelope) => Opened<CredentialOrder>;
  readonly decodeIntent: DecodeIntent;
}

export interface HeldTree extends AcceptedPoint {
  /** Of what is there; it has another root than what was accepted when that got lost. */
  readonly tree: HashTree;
  /** The disk does not hold all of it: only a FULL mends that. */
  readonly stale: boolean;
  /** The manifest as it was signed; absent when the disk lost it. */
  readonly envelope?: SignedEnvelope;
}

/** What an agent knows across streams and restarts. */
export interface AgentMemory {
  readonly installationUid: string;
  readonly clusterUid: string;
  /** Highest state epoch that enrolment or the epoch key allowed. */
  readonly stateEpoch: number;
  readonly held?: HeldTree | undefined;
  /** Revocations that no accepted state contains yet. */
  readonly masks: readonly Revocation[];
}

/** The part of Hello that the program fills in; the session adds what it holds. */
export type HelloFacts = Omit<Hello, 'protocolMin' | 'protocolMax' | 'clusterUid' | 'held'>;

/** `at` is a monotonic time in milliseconds, `wallClock` milliseconds since 1970. */
export type AgentEvent =
  | { readonly on: 'opened'; readonly at: Millis; readonly hello: HelloFacts }
  | { readonly on: 'message'; readonly at: Millis; readonly message: CentralMessage }
  | { readonly on: 'tick'; readonly at: Millis; readonly wallClock: Millis }
  /** `code`: of the error that central ended the stream with. */
  | { readonly on: 'closed'; readonly code?: string | undefined }
  | { readonly on: 'stateSaved'; readonly saveId: number }
  | { readonly on: 'saveFailed'; readonly saveId: number; readonly message: string }
  | { readonly on: 'revocationSaved'; readonly saveId: number }
  | { readonly on: 'applied'; readonly revision: number; readonly report: ApplyReport };

/** When to dial again. `backoff`: by full jitter with the settings of the last Welcome. */
export type Retry =
  | { readonly kind: 'backoff' }
  | { readonly kind: 'window'; readonly minMs: number; readonly maxMs: number }
  | { readonly kind: 'after'; readonly ms: number };

export type AgentCloseReason =
  'protocol_error' | 'unsupported_protocol' | 'heartbeat_missed' | 'drained' | 'superseded';

/** Intervals that central chose, in milliseconds. */
export interface SessionSettings {
  readonly sessionEpoch: number;
  readonly heartbeatIntervalMs: number;
  readonly backoffBaseMs: number;
  readonly backoffCapMs: number;
  readonly inventoryIntervalMs: number;
}

export type AgentEffect =
  | { readonly do: 'send'; readonly message: AgentMessage }
  | {
      readonly do: 'close';
      readonly reason: AgentCloseReason;
      readonly message: string;
      readonly retry: Retry;
    }
  | { readonly do: 'settings'; readonly settings: SessionSettings }
  /** Write the change to disk, then tell `stateSaved` or `saveFailed`. Nothing of it may be applied before. */
  | { readonly do: 'saveState'; readonly saveId: number; readonly change: StateChange }
  /** The change is durable: hand it to the reconciler. */
  | { readonly do: 'accept'; readonly change: StateChange }
  /** The change is not durable: apply what it takes away, hold what it adds. */
  | { readonly do: 'acceptRemovals'; readonly change: StateChange }
  /** All revocations in force, at once and before they are durable; replaces the last list. */
  | { readonly do: 'mask'; readonly masks: readonly Revocation[] }
  | {
      readonly do: 'saveRevocation';
      readonly saveId: number;
      readonly revocation: Revocation;
      readonly envelope: SignedEnvelope;
    }
  /** The epoch key raised the state epoch: persist it as high-water. */
  | { readonly do: 'saveEpoch'; readonly stateEpoch: number }
  /** Central signed this time for the present epoch. How far it is believed is for the clock to say. */
  | { readonly do: 'heardTime'; readonly now: Millis }
  | { readonly do: 'command'; readonly order: Order }
  /** Central asks for a credential. The answer goes back on this stream, or not at all. */
  | { readonly do: 'makeCredential'; readonly order: CredentialOrder }
  /** Central said something that this version does not know: it is left alone. */
  | { readonly do: 'ignored'; readonly what: 'message' | 'order' }
  /** Something signed was not believed, or a state was refused. For log, metric and audit. */
  | {
      readonly do: 'refused';
      readonly what: 'state' | 'revoke' | 'central_time' | 'epoch' | 'command' | 'credential';
      readonly code: string;
      readonly message: string;
    };
