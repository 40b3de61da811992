import type { Millis } from '@ambit/kernel';
import { heldIn, raiseEpoch, rememberRevocation, timeOf } from './agent-memory.ts';
import type {
  AgentCloseReason,
  AgentEffect,
  AgentEvent,
  AgentMemory,
  AgentSessionPorts,
  HelloFacts,
  Retry,
} from './agent-session-types.ts';
import type {
  CentralMessage,
  Command,
  CredentialRequest,
  Hello,
  Revoke,
  SignedEnvelope,
  Welcome,
} from './generated/messages.ts';
import { missedHeartbeats, protocolVersion } from './limits.ts';
import { openedStream, type OpenedStream } from './opened-stream.ts';
import { isKnownOrder, openCommand, openOrder } from './order-rules.ts';
import { isRefusal } from './state-assembly.ts';
import { refusalOfNumbers } from './state-point.ts';
import { StateReceiver, type MemoryCell } from './state-receiver.ts';
import { boundedDrain, boundedSettings } from './wire-durations.ts';

/**
 * The agent's side of `Sync.Connect` as a state machine without I/O: events in, effects out. It lives as long as
 * the process; each connection begins with `opened`. A state is handed over whole, verified and durable, or not at all.
 */
export class AgentSession {
  readonly #ports: AgentSessionPorts;
  readonly #cell: MemoryCell;
  readonly #states: StateReceiver;
  #stream: OpenedStream | undefined;
  /** The next Hello proves what it says: the first one, and those after a refusal that a proof may change. */
  #proves = true;
  readonly #savingRevocations = new Map<
    number,
    { readonly nonce: number; readonly revision: number; readonly stream: OpenedStream }
  >();

  constructor(ports: AgentSessionPorts, memory: AgentMemory) {
    this.#ports = ports;
    this.#cell = { current: memory, saves: 0 };
    this.#states = new StateReceiver(ports, this.#cell);
  }

  get memory(): AgentMemory {
    return this.#cell.current;
  }

  /** True between Welcome and the end of the stream: the program may send Status and Inventory. */
  get live(): boolean {
    return this.#stream?.live ?? false;
  }

  handle(event: AgentEvent): AgentEffect[] {
    switch (event.on) {
      case 'opened':
        return this.#opened(event.at, event.hello);
      case 'message':
        return this.#message(event.at, event.message);
      case 'tick':
        return this.#tick(event.at, event.wallClock);
      case 'closed':
        this.#proves ||= provable.has(event.code ?? '');
        this.#end();
        return [];
      case 'stateSaved':
        return this.#states.saved(event.saveId);
      case 'saveFailed':
        return this.#states.saveFailed(event.saveId, event.message);
      case 'revocationSaved':
        return this.#revocationSaved(event.saveId);
      case 'applied':
        return this.live ? this.#states.applied(event.revision, event.report) : [];
    }
  }

  #opened(at: Millis, facts: HelloFacts): AgentEffect[] {
    this.#stream = openedStream(at, facts);
    this.#states.streamOpened();
    return [{ do: 'send', message: { message: 'hello', hello: this.#hello(facts) } }];
  }

  #hello(facts: HelloFacts): Hello {
    return {
      ...facts,
      protocolMin: protocolVersion,
      protocolMax: protocolVersion,
      clusterUid: this.memory.clusterUid,
      held: heldIn(this.memory, this.#proves),
    };
  }

  #message(at: Millis, message: CentralMessage): AgentEffect[] {
    const stream = this.#stream;
    if (stream === undefined) return [];
    stream.heardAt = at;
    if (message.message === 'drain') {
      const window = boundedDrain(message.drain);
      return this.#close('drained', message.drain.reason, { kind: 'window', ...window });
    }
    if (message.message === 'superseded') {
      const retry = { kind: 'after', ms: 60_000 } as const;
      return this.#close('superseded', 'another stream of this identity is newer', retry);
    }
    if (stream.live) return this.#live(stream, message);
    if (message.message === 'welcome') return this.#welcome(stream, at, message.welcome);
    return this.#protocolError('central spoke before its Welcome');
  }

  #live(stream: OpenedStream, message: CentralMessage): AgentEffect[] {
    switch (message.message) {
      case 'welcome':
        return this.#protocolError('central sent a second Welcome');
      case 'stateBegin':
      case 'stateDelta':
      case 'upToDate':
        return this.#offered(message);
      case 'stateChunk':
        return this.#states.chunk(message.stateChunk);
      case 'stateEnd':
        return this.#states.end(message.stateEnd.nonce);
      case 'revoke':
        return this.#revoke(stream, message.revoke);
      case 'centralTime':
        return this.#centralTime(message.centralTime.envelope);
      case 'command':
        return this.#command(stream, message.command);
      case 'credentialRequest':
        return this.#credential(stream, message.credentialRequest);
      case 'heartbeatAck':
        return [];
      default:
        return [{ do: 'ignored', what: 'message' }];
    }
  }

  #offered(
    message: Extract<CentralMessage, { message: 'stateBegin' | 'stateDelta' | 'upToDate' }>,
  ): AgentEffect[] {
    if (this.#states.busy) return this.#protocolError('central sent two states at once');
    switch (message.message) {
      case 'upToDate':
        return this.#states.upToDate(message.upToDate);
      case 'stateBegin':
        return this.#states.begin(message.stateBegin);
      case 'stateDelta':
        return this.#states.delta(message.stateDelta);
    }
  }

  #welcome(stream: OpenedStream, at: Millis, welcome: Welcome): AgentEffect[] {
    if (welcome.protocol !== protocolVersion) {
      const message = `central speaks protocol ${welcome.protocol}, this agent ${protocolVersion}`;
      return this.#close('unsupported_protocol', message, { kind: 'after', ms: 60_000 });
    }
    stream.live = true;
    this.#proves = false;
    const settings = boundedSettings(welcome);
    stream.heartbeatMs = settings.heartbeatIntervalMs;
    stream.heartbeatAt = at + stream.heartbeatMs;
    stream.sessionEpoch = settings.sessionEpoch;
    return [
      { do: 'settings', settings },
      ...this.#epochRaise(welcome.epochRaise),
      ...this.#centralTime(welcome.centralTime?.envelope ?? null),
    ];
  }

  #epochRaise(envelope: SignedEnvelope | null): AgentEffect[] {
    if (envelope === null) return [];
    const opened = this.#ports.openEpochRaise(envelope);
    if (!opened.ok) return [refused('epoch', opened)];
    const memory = raiseEpoch(this.memory, opened.value);
    if (isRefusal(memory)) return [refused('epoch', memory)];
    if (memory === this.memory) return [];
    this.#cell.current = memory;
    return [{ do: 'saveEpoch', stateEpoch: memory.stateEpoch }];
  }

  #centralTime(envelope: SignedEnvelope | null): AgentEffect[] {
    if (envelope === null) return [];
    const opened = this.#ports.openCentralTime(envelope);
    if (!opened.ok) return [refused('central_time', opened)];
    const now = timeOf(this.memory, opened.value);
    if (now === undefined) return [];
    return typeof now === 'number' ? [{ do: 'heardTime', now }] : [refused('central_time', now)];
  }

  #command(stream: OpenedStream, { envelope }: Command): AgentEffect[] {
    const context = { ...stream, memory: this.memory };
    const judged = openCommand(envelope, this.#ports.openCommand, context);
    if (!judged.ok) return [refused('command', judged)];
    const { order } = judged.value;
    stream.lastOrder = judged.value.sequence;
    return isKnownOrder(order) ? [{ do: 'command', order }] : [{ do: 'ignored', what: 'order' }];
  }

  #credential(stream: OpenedStream, { envelope }: CredentialRequest): AgentEffect[] {
    const context = { ...stream, memory: this.memory };
    const judged = openOrder(envelope, this.#ports.openCredentialOrder, context);
    if (!judged.ok) return [refused('credential', judged)];
    stream.lastOrder = judged.value.sequence;
    return [{ do: 'makeCredential', order: judged.value }];
  }

  #revoke(stream: OpenedStream, { nonce, envelope }: Revoke): AgentEffect[] {
    if (nonce <= stream.revokeNonce || envelope === null) return [];
    const beyond = refusalOfNumbers({ nonce });
    if (beyond !== undefined) return [refused('revoke', beyond)];
    stream.revokeNonce = nonce;
    const opened = this.#ports.openRevocation(envelope);
    if (!opened.ok) return [refused('revoke', opened)];
    const revocation = opened.value;
    const memory = rememberRevocation(this.memory, revocation);
    if (isRefusal(memory)) return [refused('revoke', memory)];
    if (memory === this.memory) return [revokeAck(nonce, revocation.revision)];
    this.#cell.current = memory;
    const saveId = ++this.#cell.saves;
    this.#savingRevocations.set(saveId, { nonce, revision: revocation.revision, stream });
    return [
      { do: 'mask', masks: memory.masks },
      { do: 'saveRevocation', saveId, revocation, envelope },
    ];
  }

  #revocationSaved(saveId: number): AgentEffect[] {
    const saved = this.#savingRevocations.get(saveId);
    this.#savingRevocations.delete(saveId);
    if (saved === undefined || saved.stream !== this.#stream) return [];
    return [revokeAck(saved.nonce, saved.revision)];
  }

  #tick(at: Millis, wallClock: Millis): AgentEffect[] {
    const stream = this.#stream;
    if (stream === undefined) return [];
    const silentMs = at - stream.heardAt;
    if (silentMs > missedHeartbeats * stream.heartbeatMs) {
      const message = `central was silent for ${Math.round(silentMs / 1000)} s`;
      return this.#close('heartbeat_missed', message, { kind: 'backoff' });
    }
    if (!stream.live || at < stream.heartbeatAt) return [];
    stream.heartbeatAt = at + stream.heartbeatMs;
    const heartbeat = { sequence: ++stream.heartbeats, wallClock, monotonic: at };
    return [{ do: 'send', message: { message: 'heartbeat', heartbeat } }];
  }

  #protocolError(message: string): AgentEffect[] {
    return this.#close('protocol_error', message, { kind: 'backoff' });
  }

  #close(reason: AgentCloseReason, message: string, retry: Retry): AgentEffect[] {
    this.#end();
    return [{ do: 'close', reason, message, retry }];
  }

  #end(): void {
    this.#stream = undefined;
    this.#states.streamClosed();
  }
}

/** What central says to who seems to hold more than its database. */
const provable: ReadonlySet<string> = new Set(['state_ahead', 'certificate_revoked']);

function refused(
  what: Extract<AgentEffect, { do: 'refused' }>['what'],
  { code, message }: { readonly code: string; readonly message: string },
): AgentEffect {
  return { do: 'refused', what, code, message };
}

function revokeAck(nonce: number, revision: number): AgentEffect {
  return { do: 'send', message: { message: 'revokeAck', revokeAck: { nonce, revision } } };
}
