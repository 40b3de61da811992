import type { Millis } from '@ambit/kernel';
import type {
  CentralCloseReason,
  CentralEffect,
  CentralEvent,
  CentralSessionPorts,
  CentralSessionSettings,
  CredentialWanted,
  OrderOfStream,
} from './central-session-types.ts';
import type {
  AgentMessage,
  CentralMessage,
  Heartbeat,
  Hello,
  Order,
  RevokedSubject,
} from './generated/messages.ts';
import { missedHeartbeats, protocolVersion } from './limits.ts';
import { actionOfOrder } from './order-rules.ts';
import { comparePoints } from './state-point.ts';
import { StateSender } from './state-sender.ts';

/**
 * Central's side of one `Sync.Connect` stream as a state machine without I/O: events in, effects out. A new stream is
 * a new session. After `close` it answers nothing, so that late messages of an old stream change nothing.
 */
export class CentralSession {
  readonly #ports: CentralSessionPorts;
  readonly #settings: CentralSessionSettings;
  readonly #states: StateSender;
  #phase: 'opened' | 'live' | 'closed' = 'opened';
  #heardAt: Millis;
  #timeDueAt: Millis = 0;
  #sessionEpoch = 0;
  /** Of the Hello: an order names the one stream that it is for. */
  #stream = { instanceId: '', attempt: 0 };
  #orders = 0;

  /** `openedAt` is a monotonic time in milliseconds. */
  constructor(ports: CentralSessionPorts, settings: CentralSessionSettings, openedAt: Millis) {
    this.#ports = ports;
    this.#settings = settings;
    this.#states = new StateSender(ports, settings);
    this.#heardAt = openedAt;
  }

  get phase(): 'opened' | 'live' | 'closed' {
    return this.#phase;
  }

  get sessionEpoch(): number {
    return this.#sessionEpoch;
  }

  handle(event: CentralEvent): CentralEffect[] {
    if (this.#phase === 'closed') return [];
    switch (event.on) {
      case 'admitted':
        return this.#admitted(event);
      case 'message':
        return this.#message(event.at, event.wallClock, event.message);
      case 'tick':
        return this.#tick(event.at, event.wallClock);
      case 'changed':
      case 'revoked':
        return this.#changed(event);
      case 'command':
        return this.#order(event.order);
      case 'credential':
        return this.#credential(event.wanted);
      case 'drain': {
        const { minWaitMs, maxWaitMs, reason } = event;
        return [send({ message: 'drain', drain: { minWaitMs, maxWaitMs, reason } })];
      }
      case 'superseded':
        return this.#superseded(event.newerSessionEpoch);
    }
  }

  #admitted(event: Extract<CentralEvent, { on: 'admitted' }>): CentralEffect[] {
    const { hello, at, wallClock, sessionEpoch } = event;
    if (this.#phase !== 'opened') return this.#close('protocol_error', 'a second Hello');
    const refusal = this.#refusalOf(hello);
    if (refusal !== undefined) return this.#close(...refusal);
    this.#phase = 'live';
    this.#heardAt = at;
    this.#sessionEpoch = sessionEpoch;
    this.#stream = { instanceId: hello.instanceId, attempt: hello.attempt };
    this.#timeDueAt = at + this.#settings.timeIntervalMs;
    return [this.#welcome(sessionEpoch, wallClock), ...this.#states.start(hello, at)];
  }

  #refusalOf(hello: Hello): [CentralCloseReason, string] | undefined {
    if (hello.protocolMin > protocolVersion || hello.protocolMax < protocolVersion) {
      const range = `${hello.protocolMin} to ${hello.protocolMax}`;
      return ['unsupported_protocol', `the agent speaks protocol ${range}, not ${protocolVersion}`];
    }
    if (hello.clusterUid !== this.#settings.clusterUid) {
      return ['wrong_cluster', 'the Hello names another cluster than the certificate'];
    }
    const held = hello.held;
    if (held === null) return undefined;
    const { stateEpoch } = this.#settings;
    const { revision } = this.#ports.desired();
    if (comparePoints(held, { stateEpoch, revision }) <= 0) return undefined;
    return ['state_ahead', `the agent holds revision ${held.revision}, newer than central's`];
  }

  #welcome(sessionEpoch: number, wallClock: Millis): CentralEffect {
    const { heartbeatIntervalMs, maxChunkBytes, backoffBaseMs, backoffCapMs } = this.#settings;
    const { inventoryIntervalMs, epochRaise } = this.#settings;
    return send({
      message: 'welcome',
      welcome: {
        sessionEpoch,
        protocol: protocolVersion,
        serverTime: wallClock,
        heartbeatIntervalMs,
        maxChunkBytes,
        backoffBaseMs,
        backoffCapMs,
        inventoryIntervalMs,
        centralTime: { envelope: this.#ports.signTime(wallClock) },
        epochRaise,
      },
    });
  }

  #message(at: Millis, wallClock: Millis, message: AgentMessage): CentralEffect[] {
    this.#heardAt = at;
    if (this.#phase !== 'live')
      return this.#close('protocol_error', 'the agent spoke before its Hello');
    switch (message.message) {
      case 'hello':
        return this.#close('protocol_error', 'the agent sent a second Hello');
      case 'stateAck':
        return this.#states.ack(message.stateAck, at);
      case 'stateNack':
        return this.#states.nack(message.stateNack, at);
      case 'revokeAck':
        return [{ do: 'revokeAcknowledged', revision: message.revokeAck.revision }];
      case 'status':
        return [{ do: 'status', status: message.status }];
      case 'inventory':
        return [{ do: 'inventory', inventory: message.inventory }];
      case 'credentialAnswer':
        return [{ do: 'credentialAnswered', answer: message.credentialAnswer }];
      case 'heartbeat':
        return [heartbeatAck(message.heartbeat, wallClock)];
      case 'goodbye':
        return this.#close('goodbye', message.goodbye.reason);
      default:
        return [{ do: 'ignored' }];
    }
  }

  #changed(event: Extract<CentralEvent, { on: 'changed' | 'revoked' }>): CentralEffect[] {
    if (this.#phase !== 'live') return [];
    const overtaking = event.on === 'revoked' ? this.#overtake(event.revoked) : [];
    return [...overtaking, ...this.#states.changed(event.keys, event.at)];
  }

  // A change that can leave at once needs no Revoke: the state itself is the fastest word.
  #overtake(revoked: readonly RevokedSubject[]): CentralEffect[] {
    if (!this.#states.blocked || revoked.length === 0) return [];
    const { revision } = this.#ports.desired();
    const envelope = this.#ports.signRevocation(revision, revoked);
    const nonce = this.#states.nextNonce();
    return [send({ message: 'revoke', revoke: { nonce, envelope } })];
  }

  #order(order: Order): CentralEffect[] {
    if (this.#phase !== 'live') return [];
    const envelope = this.#ports.signOrder({ ...this.#nextPlace(), order });
    return [send({ message: 'command', command: { action: actionOfOrder(order), envelope } })];
  }

  #credential(wanted: CredentialWanted): CentralEffect[] {
    if (this.#phase !== 'live') return [];
    const envelope = this.#ports.signCredentialOrder({ ...wanted, ...this.#nextPlace() });
    return [send({ message: 'credentialRequest', credentialRequest: { envelope } })];
  }

  #nextPlace(): Omit<OrderOfStream, 'order'> {
    return { ...this.#stream, sessionEpoch: this.#sessionEpoch, sequence: ++this.#orders };
  }

  #tick(at: Millis, wallClock: Millis): CentralEffect[] {
    const silentMs = at - this.#heardAt;
    if (silentMs > missedHeartbeats * this.#settings.heartbeatIntervalMs) {
      const message = `the agent was silent for ${Math.round(silentMs / 1000)} s`;
      return this.#close('heartbeat_missed', message);
    }
    if (this.#phase !== 'live') return [];
    const effects = this.#states.pump(at);
    if (at < this.#timeDueAt) return effects;
    this.#timeDueAt = at + this.#settings.timeIntervalMs;
    const envelope = this.#ports.signTime(wallClock);
    return [...effects, send({ message: 'centralTime', centralTime: { envelope } })];
  }

  #superseded(newerSessionEpoch: number): CentralEffect[] {
    return [
      send({ message: 'superseded', superseded: { newerSessionEpoch } }),
      ...this.#close('superseded', 'a newer stream of this agent was admitted'),
    ];
  }

  #close(reason: CentralCloseReason, message: string): CentralEffect[] {
    this.#phase = 'closed';
    return [{ do: 'close', reason, message }];
  }
}

function send(message: CentralMessage): CentralEffect {
  return { do: 'send', message };
}

function heartbeatAck({ sequence }: Heartbeat, serverTime: Millis): CentralEffect {
  return send({ message: 'heartbeatAck', heartbeatAck: { sequence, serverTime } });
}
