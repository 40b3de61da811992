import { randomBytes } from 'node:crypto';
import { AppError } from '@ambit/kernel';
import { agentCapabilities, AgentSession, agentServices } from '@ambit/protocol';
import type { AgentEffect, AgentSessionPorts, wire } from '@ambit/protocol';
import { connectToCentral } from '@ambit/transport';
import type { CentralConnection, MessageStream } from '@ambit/transport';
import type { AgentFacts, FleetFacts } from './messages.ts';

type Stream = MessageStream<wire.CentralMessage, wire.AgentMessage | Uint8Array>;

const report: wire.ApplyReport = {
  created: 0,
  updated: 0,
  deleted: 0,
  unchanged: 0,
  durationMs: 1,
  problems: [],
  moreProblems: 0,
  heldRemovals: 0,
  heldGains: 0,
};

export interface SimAgentEvents {
  /** A state is held and was acknowledged. */
  accepted(revision: number): void;
  closed(): void;
  /** Application bytes of a message, either way. */
  bytes(count: number): void;
  /** A message of central, by its name, with the entries that it brings. */
  heard(name: string, entries: number): void;
}

/** A real protocol client with the real transport: memory for a disk, and nothing for a cluster. */
export class SimAgent {
  readonly #facts: AgentFacts;
  readonly #fleet: FleetFacts;
  readonly #session: AgentSession;
  readonly #events: SimAgentEvents;
  readonly #instanceId = randomBytes(16).toString('base64url');
  #attempt = 0;
  #connection: CentralConnection | undefined;
  #stream: Stream | undefined;

  constructor(facts: AgentFacts, fleet: FleetFacts, parts: SimAgentParts) {
    this.#facts = facts;
    this.#fleet = fleet;
    this.#events = parts.events;
    const { installationUid, stateEpoch } = fleet;
    const { clusterUid } = facts;
    this.#session = new AgentSession(parts.ports, {
      installationUid,
      clusterUid,
      stateEpoch,
      masks: [],
    });
  }

  get revision(): number {
    return this.#session.memory.held?.revision ?? 0;
  }

  dial(): void {
    const { ca, privateKey, address } = this.#fleet;
    const identity = { certificateChain: this.#facts.certificate, privateKey };
    this.#connection = connectToCentral({ address, ca, identity });
    const stream = this.#connection.connect();
    this.#stream = stream;
    stream.listen({
      message: (message) => this.#message(message),
      closed: (error) => this.#closed(stream, error?.code),
    });
    const hello = {
      agentVersion: '0.1.0',
      instanceId: this.#instanceId,
      attempt: ++this.#attempt,
      capabilities: [...agentCapabilities],
      kubernetesVersion: 'v1.36.2',
      ceilingDigest: '',
      ceilingJson: '{}',
      appliedRevision: this.revision,
      spoolEpoch: '',
      wallClock: Date.now(),
      monotonic: performance.now(),
      kubeSystemUid: this.#facts.kubeSystemUid,
    };
    this.#run(this.#session.handle({ on: 'opened', at: performance.now(), hello }));
  }

  tick(): void {
    const at = performance.now();
    this.#run(this.#session.handle({ on: 'tick', at, wallClock: Date.now() }));
  }

  hangUp(): void {
    this.#stream?.fail(new AppError('not_ready', 'the simulated agent is gone'));
  }

  #message(message: wire.CentralMessage): void {
    const { responseSerialize } = agentServices.sync.Connect;
    if (this.#fleet.countBytes) this.#events.bytes(responseSerialize(message).length);
    this.#events.heard(message.message ?? 'unknown', entriesIn(message));
    this.#run(this.#session.handle({ on: 'message', at: performance.now(), message }));
  }

  #closed(stream: Stream, code: string | undefined): void {
    if (this.#stream !== stream) return;
    this.#stream = undefined;
    this.#connection?.close();
    this.#session.handle({ on: 'closed', code });
    this.#events.closed();
  }

  #run(effects: readonly AgentEffect[]): void {
    for (const effect of effects) this.#perform(effect);
  }

  #perform(effect: AgentEffect): void {
    switch (effect.do) {
      case 'send':
        return this.#send(effect.message);
      case 'saveState':
        return this.#run(this.#session.handle({ on: 'stateSaved', saveId: effect.saveId }));
      case 'saveRevocation':
        return this.#run(this.#session.handle({ on: 'revocationSaved', saveId: effect.saveId }));
      case 'accept': {
        const { revision } = effect.change.manifest;
        queueMicrotask(() => this.#run(this.#session.handle({ on: 'applied', revision, report })));
        return undefined;
      }
      case 'close':
        return void this.#stream?.end();
      default:
        return undefined;
    }
  }

  #send(message: wire.AgentMessage): void {
    const { requestSerialize } = agentServices.sync.Connect;
    const bytes = requestSerialize(message);
    this.#events.bytes(bytes.length);
    this.#stream?.outbox.control(bytes);
    if (message.message !== 'stateAck') return;
    const { phase, revision } = message.stateAck;
    if (phase === 'PHASE_ACCEPTED') this.#events.accepted(revision);
  }
}

function entriesIn(message: wire.CentralMessage): number {
  if (message.message === 'stateDelta') return message.stateDelta.entries.length;
  return message.message === 'stateChunk' ? message.stateChunk.entries.length : 0;
}

export interface SimAgentParts {
  readonly ports: AgentSessionPorts;
  readonly events: SimAgentEvents;
}
