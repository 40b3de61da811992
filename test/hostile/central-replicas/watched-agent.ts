import { randomBytes, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { agentCapabilities, AgentSession, encodeAuditEvent } from '@ambit/protocol';
import type { AgentEffect, AgentSessionPorts, StateChange, wire } from '@ambit/protocol';
import type { Intent } from '@ambit/rbac';
import { silentLogger } from '@ambit/testing';
import { connectToCentral } from '@ambit/transport';
import type { CentralConnection } from '@ambit/transport';
import { AuditShipper } from '../../../apps/agent/src/audit/shipper.ts';
import { Spool } from '../../../apps/agent/src/audit/spool.ts';
import { systemClock } from '../../../apps/agent/src/platform/clock-and-ids.ts';
import { SessionLoop } from '../../../apps/agent/src/session/session-loop.ts';
import type { AgentFacts, FleetFacts } from '../../bench/fleet/messages.ts';
import { honestEvent } from '../../bench/audit/honest-event.ts';

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

/** How long an agent held what was taken away; milliseconds. */
export interface Window {
  /** From the answer to the one who took it away. */
  readonly fromAnswerMs: number;
  /** The same, or from when the agent was back, if it was cut off meanwhile. */
  readonly whileConnectedMs: number;
}

/** Milliseconds on this machine's monotonic clock. */
export interface Absence {
  readonly from: number;
  readonly to: number;
}

interface Awaited {
  readonly revision: number;
  readonly answeredAt: number;
}

/**
 * The session, the stream, the back-off, the spool and the upload of a real agent, with memory for its state and nothing for a
 * cluster. It knows what it was sent twice, how long it was cut off, and how long it held what was taken away.
 */
export class WatchedAgent {
  readonly cluster: string;
  readonly state = new Map<string, Intent>();
  readonly windows: Window[] = [];
  /** From each end of a stream until central took the next one. */
  readonly absences: Absence[] = [];
  /** Entries of changes that it held already, and whole states that are what it held. */
  resent = 0;
  /** Whole states that it got for a change while it was away. */
  whole = 0;
  refused: string[] = [];
  readonly #facts: AgentFacts;
  readonly #session: AgentSession;
  readonly #loop: SessionLoop;
  readonly #spool: Spool;
  readonly #shipper: AuditShipper;
  readonly #instanceId = randomBytes(16).toString('base64url');
  readonly #bodies = new Map<string, Uint8Array>();
  #awaited: Awaited[] = [];
  #known = 0;
  #liveSince: number | undefined;
  #cutAt: number | undefined;
  #events = 0;
  #capMs = 0;

  private constructor(parts: {
    cluster: string;
    facts: AgentFacts;
    fleet: FleetFacts;
    ports: AgentSessionPorts;
    spool: Spool;
  }) {
    const { cluster, facts, fleet, ports, spool } = parts;
    const { installationUid, stateEpoch, address, ca, privateKey } = fleet;
    this.cluster = cluster;
    this.#facts = facts;
    this.#spool = spool;
    const { clusterUid } = facts;
    this.#session = new AgentSession(ports, { installationUid, clusterUid, stateEpoch, masks: [] });
    const identity = { certificateChain: facts.certificate, privateKey };
    const dial = (): CentralConnection => connectToCentral({ address, ca, identity });
    const surroundings = { clock: systemClock, random: Math.random, logger: silentLogger };
    this.#loop = new SessionLoop({ ...surroundings, dial, listener: this });
    this.#shipper = new AuditShipper({ ...surroundings, dial, spool });
  }

  static async start(
    cluster: string,
    facts: AgentFacts,
    shared: {
      readonly fleet: FleetFacts;
      readonly ports: AgentSessionPorts;
      readonly folder: string;
    },
  ): Promise<WatchedAgent> {
    const spool = await Spool.open({
      folder: join(shared.folder, cluster),
      newEpoch: randomUUID,
      logger: silentLogger,
      reserveBytes: 4_096,
    });
    const agent = new WatchedAgent({ cluster, facts, spool, ...shared });
    agent.#loop.start();
    agent.#shipper.start();
    return agent;
  }

  get connected(): boolean {
    return this.#liveSince !== undefined;
  }

  get revision(): number {
    return this.#session.memory.held?.revision ?? 0;
  }

  /** The longest that central lets it wait before it dials. */
  get backoffCapMs(): number {
    return this.#capMs;
  }

  /** Events told so far, and those that central acknowledged. */
  get told(): number {
    return this.#events;
  }

  get acknowledged(): number {
    return this.#shipper.acknowledged;
  }

  /** Subjects of every binding held. */
  get subjects(): string[] {
    return [...this.state.values()]
      .flatMap((intent) => (intent.section === 'BINDING' ? [...intent.subjects] : []))
      .sort();
  }

  /** Something happened here: it is on disk soon, and at central some time. */
  tell(): void {
    this.#spool.append(Buffer.from(encodeAuditEvent(honestEvent(this.cluster, ++this.#events))));
  }

  /** What this revision took away was answered at this time; how long it stays here is noted. */
  awaits(revision: number, answeredAt: number): void {
    this.#awaited.push({ revision, answeredAt });
    this.#note(this.#known);
  }

  get awaitsSomething(): boolean {
    return this.#awaited.length > 0;
  }

  async stop(): Promise<void> {
    await this.#loop.stop('the test is over');
    await this.#shipper.stop();
    await this.#spool.flush();
  }

  opened(attempt: number): void {
    const hello = {
      agentVersion: '0.1.0',
      instanceId: this.#instanceId,
      attempt,
      capabilities: [...agentCapabilities],
      kubernetesVersion: 'v1.36.2',
      ceilingDigest: '',
      ceilingJson: '{}',
      appliedRevision: this.revision,
      spoolEpoch: this.#spool.epoch,
      wallClock: Date.now(),
      monotonic: performance.now(),
      kubeSystemUid: this.#facts.kubeSystemUid,
    };
    this.#run(this.#session.handle({ on: 'opened', at: performance.now(), hello }));
  }

  message(message: wire.CentralMessage): void {
    this.#run(this.#session.handle({ on: 'message', at: performance.now(), message }));
  }

  tick(): void {
    this.#run(this.#session.handle({ on: 'tick', at: performance.now(), wallClock: Date.now() }));
  }

  closed(_reason: string, error?: { readonly code: string }): void {
    if (this.#liveSince !== undefined) this.#cutAt = performance.now();
    this.#liveSince = undefined;
    this.#run(this.#session.handle({ on: 'closed', code: error?.code }));
  }

  #run(effects: readonly AgentEffect[]): void {
    for (const effect of effects) this.#perform(effect);
  }

  #perform(effect: AgentEffect): void {
    switch (effect.do) {
      case 'send':
        return this.#loop.send(effect.message);
      case 'close':
        return this.#loop.close(effect.reason, effect.message, effect.retry);
      case 'settings':
        return this.#live(effect.settings);
      case 'saveState':
        return this.#run(this.#session.handle({ on: 'stateSaved', saveId: effect.saveId }));
      case 'saveRevocation':
        return this.#run(this.#session.handle({ on: 'revocationSaved', saveId: effect.saveId }));
      case 'accept':
        return this.#accept(effect.change);
      case 'refused':
        return void this.refused.push(`${effect.what}: ${effect.message}`);
      default:
        return undefined;
    }
  }

  #live(settings: { readonly backoffBaseMs: number; readonly backoffCapMs: number }): void {
    this.#capMs = settings.backoffCapMs;
    this.#loop.live({ baseMs: settings.backoffBaseMs, capMs: settings.backoffCapMs });
    this.#liveSince = performance.now();
    if (this.#cutAt !== undefined) this.absences.push({ from: this.#cutAt, to: this.#liveSince });
    this.#cutAt = undefined;
  }

  #accept(change: StateChange): void {
    this.#countResent(change);
    if (change.mode === 'full') {
      this.state.clear();
      this.#bodies.clear();
    }
    for (const { key, body } of change.entries) this.#bodies.set(key, body);
    for (const key of change.removed) {
      this.state.delete(key);
      this.#bodies.delete(key);
    }
    for (const intent of change.intents) this.state.set(intent.key, intent);
    const { revision } = change.manifest;
    this.#note(revision);
    queueMicrotask(() => this.#run(this.#session.handle({ on: 'applied', revision, report })));
  }

  /** A state that changed may come whole, where the replica does not know what the agent held. */
  #countResent({ mode, entries }: StateChange): void {
    const held = entries.filter(({ key, body }) => {
      const before = this.#bodies.get(key);
      return before !== undefined && Buffer.compare(before, body) === 0;
    }).length;
    if (mode === 'delta') this.resent += held;
    else if (this.#bodies.size > 0 && held === this.#bodies.size && held === entries.length)
      this.resent += held;
    else if (this.#bodies.size > 0) this.whole++;
  }

  /** What was taken away up to this revision is not held any more. */
  #note(revision: number): void {
    this.#known = Math.max(this.#known, revision);
    const now = performance.now();
    const gone = this.#awaited.filter((each) => each.revision <= this.#known);
    this.#awaited = this.#awaited.filter((each) => each.revision > this.#known);
    for (const { answeredAt } of gone) {
      const since = Math.max(answeredAt, this.#liveSince ?? now);
      this.windows.push({ fromAnswerMs: now - answeredAt, whileConnectedMs: now - since });
    }
  }
}
