import { bytesEqual, type Millis } from '@ambit/kernel';
import type {
  CentralEffect,
  CentralSessionPorts,
  CentralSessionSettings,
  OfferedState,
} from './central-session-types.ts';
import { isCompact, sectionsBeyond } from './capabilities.ts';
import { stateMessages, type StateTransfer } from './chunking.ts';
import type {
  CentralMessage,
  Hello,
  StateAck,
  StateEntry,
  StateNack,
} from './generated/messages.ts';

type Mode = 'full' | 'delta' | 'up_to_date';

interface Accepted {
  readonly nonce: number;
  readonly revision: number;
  readonly root: Uint8Array;
}

interface InFlight extends Accepted {
  readonly mode: Mode;
  readonly keys: readonly string[];
}

interface Failures {
  count: number;
  /** No further try of this mode before. */
  notBefore: Millis;
}

/** Tries of a failing step in a row; after them one a minute. */
const quickTries = 3;
const slowRetryMs = 60_000;

/** NACKs that say the two sides disagree about what is held: only everything mends them. */
const disagreements = new Set(['root_mismatch', 'base_mismatch', 'duplicate_key', 'malformed']);

/**
 * Gives out states: at most one in flight until it is accepted or refused; changes meanwhile merge behind it and the
 * next state jumps straight to the newest revision.
 */
export class StateSender {
  readonly #ports: CentralSessionPorts;
  readonly #settings: CentralSessionSettings;
  #nonce = 0;
  #accepted: Accepted | undefined;
  #inFlight: InFlight | undefined;
  /** Keys that differ from what was accepted, without those in flight. */
  #dirty = new Set<string>();
  #fullDue = false;
  #due = false;
  #capabilities: readonly string[] = [];
  /** What the agent said that it holds, until a state is on its way to it. */
  #held: Hello['held'] = null;
  /** The revision of which was told that the agent is too old for it. */
  #beyondAgent: number | undefined;
  readonly #failures: Record<Mode, Failures> = {
    full: { count: 0, notBefore: 0 },
    delta: { count: 0, notBefore: 0 },
    up_to_date: { count: 0, notBefore: 0 },
  };

  constructor(ports: CentralSessionPorts, settings: CentralSessionSettings) {
    this.#ports = ports;
    this.#settings = settings;
  }

  /** One counter for states and revocations: nonces of a stream only grow. */
  nextNonce(): number {
    return ++this.#nonce;
  }

  /** True while a change cannot leave at once, so that a revocation has to overtake. */
  get blocked(): boolean {
    return this.#inFlight !== undefined || this.#due;
  }

  /** Decides by what the agent holds: nothing to send, what changed since, or everything. */
  start(hello: Hello, at: Millis): CentralEffect[] {
    const desired = this.#ports.desired();
    const held = hello.held;
    this.#capabilities = hello.capabilities;
    this.#held = held;
    this.#due = true;
    const changed = this.#changedSince(held, desired);
    if (held === null || changed === undefined) {
      this.#fullDue = true;
      return this.pump(at);
    }
    // The root of ours where it is the same: what came in lies in a buffer that would live as long as it does.
    const root = bytesEqual(held.root, desired.root) ? desired.root : held.root;
    this.#accepted = { nonce: 0, revision: held.revision, root };
    this.#dirty = new Set(changed);
    return this.pump(at);
  }

  #changedSince(held: Hello['held'], desired: OfferedState): Iterable<string> | undefined {
    if (held === null || held.stale || held.root.length === 0) return undefined;
    if (bytesEqual(held.root, desired.root)) return [];
    // Revisions of another epoch say nothing about those of this one.
    return held.stateEpoch === this.#settings.stateEpoch
      ? desired.changedSince(held.root)
      : undefined;
  }

  changed(keys: Iterable<string>, at: Millis): CentralEffect[] {
    for (const key of keys) this.#dirty.add(key);
    this.#due = true;
    return this.pump(at);
  }

  /** Sends the newest state when one is due, none is in flight, and its step did not fail too often just now. */
  pump(at: Millis): CentralEffect[] {
    if (!this.#due || this.#inFlight !== undefined) return [];
    const desired = this.#ports.desired();
    const beyond = sectionsBeyond(desired.sections, this.#capabilities);
    if (beyond.length > 0) return this.#tooOld(desired.revision, beyond);
    const mode = this.#mode(desired, at);
    const failures = this.#failures[mode];
    if (failures.count >= quickTries && at < failures.notBefore) return [];
    const keys = [...this.#dirty];
    const nonce = this.nextNonce();
    this.#inFlight = { nonce, revision: desired.revision, root: desired.root, mode, keys };
    this.#dirty = new Set();
    this.#due = false;
    return [this.#sendState(mode, desired, keys)];
  }

  /** The agent would refuse the whole state, and with it what it takes away. It is told once for each revision. */
  #tooOld(revision: number, items: readonly string[]): CentralEffect[] {
    if (this.#beyondAgent === revision) return [];
    this.#beyondAgent = revision;
    const message = 'the agent is too old for what its cluster should hold: update it';
    return [{ do: 'refused', revision, code: 'agent_outdated', message, items }];
  }

  #mode(desired: OfferedState, at: Millis): Mode {
    const accepted = this.#accepted;
    if (this.#fullDue || accepted === undefined) return 'full';
    if (bytesEqual(accepted.root, desired.root)) return 'up_to_date';
    const { count, notBefore } = this.#failures.delta;
    return count >= quickTries && at < notBefore ? 'full' : 'delta';
  }

  #sendState(mode: Mode, desired: OfferedState, keys: readonly string[]): CentralEffect {
    const { revision } = desired;
    const nonce = this.#nonce;
    const what = { do: 'sendState', mode, revision } as const;
    const held = this.#held;
    this.#held = null;
    if (mode === 'up_to_date') {
      const manifest = this.#compact && this.#isHeld(desired, held) ? null : desired.manifest;
      const message: CentralMessage = { message: 'upToDate', upToDate: { nonce, manifest } };
      return { ...what, messages: [message], entries: 0, bytes: 0 };
    }
    const { manifest } = desired;
    const entries = mode === 'full' ? desired.entries() : desired.entriesOf(keys);
    const transfer = { nonce, manifest, entries, ...this.#delta(mode, keys, entries) };
    const { maxChunkBytes } = this.#settings;
    const { begin, messages } = stateMessages(transfer, { maxChunkBytes, compact: this.#compact });
    return { ...what, messages, entries: entries.length, bytes: begin.bytes };
  }

  get #compact(): boolean {
    return isCompact({ capabilities: this.#capabilities });
  }

  /** The agent verified the manifest of this very state when it took it. */
  #isHeld({ revision, root, lineage }: OfferedState, held: Hello['held']): boolean {
    if (held === null || held.stale || lineage.length === 0) return false;
    return (
      held.stateEpoch === this.#settings.stateEpoch &&
      held.revision === revision &&
      bytesEqual(held.root, root) &&
      bytesEqual(held.lineage, lineage)
    );
  }

  #delta(
    mode: Mode,
    keys: readonly string[],
    entries: readonly StateEntry[],
  ): Pick<StateTransfer, 'base' | 'removed'> {
    if (mode === 'full' || this.#accepted === undefined) return { removed: [] };
    const present = new Set(entries.map((entry) => entry.key));
    const { revision, root } = this.#accepted;
    return { base: { revision, root }, removed: keys.filter((key) => !present.has(key)) };
  }

  ack(ack: StateAck, at: Millis): CentralEffect[] {
    if (ack.phase === 'PHASE_APPLIED') return this.#applied(ack);
    const sent = this.#inFlight;
    if (ack.phase !== 'PHASE_ACCEPTED' || sent?.nonce !== ack.nonce) return [];
    if (!bytesEqual(ack.root, sent.root)) {
      return this.#failed(
        sent,
        { ...ack, code: 'root_mismatch', message: 'acknowledged another root', items: [] },
        at,
      );
    }
    this.#inFlight = undefined;
    this.#accepted = sent;
    this.#failures[sent.mode] = { count: 0, notBefore: 0 };
    if (sent.mode === 'full') this.#fullDue = false;
    const { revision, root } = sent;
    return [{ do: 'accepted', revision, root }, ...this.pump(at)];
  }

  #applied(ack: StateAck): CentralEffect[] {
    const accepted = this.#accepted;
    if (accepted === undefined || accepted.nonce === 0 || ack.nonce > accepted.nonce) return [];
    if (ack.report === null || ack.revision > accepted.revision) return [];
    return [{ do: 'applied', revision: ack.revision, report: ack.report }];
  }

  nack(nack: StateNack, at: Millis): CentralEffect[] {
    const sent = this.#inFlight;
    return sent?.nonce === nack.nonce ? this.#failed(sent, nack, at) : [];
  }

  #failed(
    sent: InFlight,
    nack: Pick<StateNack, 'code' | 'message' | 'items'>,
    at: Millis,
  ): CentralEffect[] {
    this.#inFlight = undefined;
    this.#due = true;
    for (const key of sent.keys) this.#dirty.add(key);
    const failures = this.#failures[sent.mode];
    failures.count++;
    failures.notBefore = at + slowRetryMs;
    if (sent.mode !== 'full' && disagreements.has(nack.code)) this.#fullDue = true;
    const { code, message, items } = nack;
    return [{ do: 'refused', revision: sent.revision, code, message, items }, ...this.pump(at)];
  }
}
