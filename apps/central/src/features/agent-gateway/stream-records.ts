import type { FoundBinding, NewAuditEvent, UnitOfWork } from '@ambit/persistence';
import { writeInventory } from '@ambit/persistence';
import type { Database } from '@ambit/persistence';
import { bytesEqual } from '@ambit/kernel';
import type { Clock, Logger } from '@ambit/kernel';
import type { Meters, centralMetrics } from '@ambit/observability';
import { wireLimits } from '@ambit/protocol';
import type { wire } from '@ambit/protocol';
import { Turns } from '../../platform/turns.ts';
import type { PolicyWorld } from '../desired-state/public.ts';
import type { AgentStatus } from './agent-status.ts';
import type { AgentStream } from './agent-stream.ts';
import type { GatewayPorts } from './agent-gateway.ts';
import type { Departures } from './departures.ts';
import { storableJson } from './from-agents.ts';
import { foundEvents } from './found-bindings.ts';
import { elapsed } from './paced-stream.ts';
import { inventoryFacts } from './inventory-facts.ts';

export interface StreamRecordsPorts {
  readonly database: Database;
  readonly unitOfWork: UnitOfWork;
  readonly status: AgentStatus;
  readonly departures: Departures;
  readonly world: Pick<PolicyWorld, 'offered' | 'policy'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly meters: Pick<
    Meters<typeof centralMetrics>,
    | 'agentsConnected'
    | 'agentLastHeartbeat'
    | 'clusterOfferedRevision'
    | 'clusterAppliedRevision'
    | 'propagationDuration'
  >;
  /** The agent of a removed cluster says that nothing of ours is left there. */
  readonly emptied: (stream: AgentStream, revision: number) => Promise<void>;
}

/** Conditions of a cluster that are kept. */
const mostConditions = 32;

/** Keeps the records of what happens on the streams: status, inventory, audit events, metrics. */
export class StreamRecords {
  readonly #ports: StreamRecordsPorts;
  readonly #work = new Set<Promise<void>>();
  readonly #inventories = new Turns({ running: 2, waiting: 5_000, waitingPerGroup: 4 });

  constructor(ports: StreamRecordsPorts) {
    this.#ports = ports;
  }

  readonly events: Omit<GatewayPorts['events'], 'answered'> = {
    connected: (stream) => this.#connected(stream),
    disconnected: (stream) => this.#disconnected(stream),
    duplicate: (stream) => this.#duplicate(stream),
    fenced: (stream) => {
      const { clusterName } = stream.identity;
      this.#record(stream, {
        type: 'agent.fenced',
        message: `A stream of the agent of cluster ${clusterName} was ended: another process with its identity took over`,
        details: { sessionEpoch: stream.sessionEpoch },
      });
    },
    heard: (stream) => {
      const { clusterUid, clusterName } = stream.identity;
      const { status, clock, meters } = this.#ports;
      const before = status.lastHeard(clusterUid) ?? 0;
      status.heard(clusterUid, stream.sessionEpoch);
      const second = Math.floor(clock.now() / 1_000);
      if (second === Math.floor(before / 1_000)) return;
      meters.agentLastHeartbeat.set({ cluster: clusterName }, second);
    },
    offered: (stream, revision) => {
      const { clusterUid, clusterName } = stream.identity;
      this.#ports.meters.clusterOfferedRevision.set({ cluster: clusterName }, revision);
      this.#ports.world.offered(clusterUid, revision);
      this.#ports.status.note({ ...ids(stream), offeredRevision: revision });
    },
    accepted: (stream, revision, root) => {
      const { accepted } = stream;
      // An agent that comes back as it went changes nothing of its record.
      if (accepted?.revision === revision && bytesEqual(accepted.root, root)) return;
      this.#ports.status.note({ ...ids(stream), acceptedRevision: revision, root });
    },
    applied: (stream, { revision, report, tookMs }) => {
      const { clusterUid, clusterName } = stream.identity;
      const { meters, status } = this.#ports;
      meters.clusterAppliedRevision.set({ cluster: clusterName }, revision);
      for (const took of tookMs)
        meters.propagationDuration.observe({ cluster: clusterName }, took / 1000);
      status.applied(clusterUid, stream.sessionEpoch, revision, bounded(report));
    },
    refused: (stream, revision, code, message) => {
      this.#record(stream, {
        type: 'cluster.state_refused',
        message: `The agent of cluster ${stream.identity.clusterName} refused revision ${revision}: ${message}`,
        result: { code, message },
        details: { offeredRevision: revision },
      });
    },
    status: (stream, status) => this.#status(stream, status),
    inventory: (stream, inventory) => this.#inventory(stream, inventory),
    emptied: (stream, revision) => void this.#background(this.#ports.emptied(stream, revision)),
  };

  /** Resolves when everything that was under way is stored or has failed. */
  async settled(): Promise<void> {
    while (this.#work.size > 0) {
      await this.#ports.departures.settled();
      await Promise.all(this.#work);
    }
  }

  #connected(stream: AgentStream): void {
    this.#ports.meters.agentsConnected.inc();
    this.#ports.status.heard(stream.identity.clusterUid, stream.sessionEpoch);
  }

  #disconnected(stream: AgentStream): void {
    const { departures, meters, status } = this.#ports;
    meters.agentsConnected.dec();
    status.gone(ids(stream));
    void this.#background(departures.ended(stream));
  }

  #duplicate(stream: AgentStream): void {
    const { clusterName } = stream.identity;
    this.#ports.logger.error('two agents seem to share one identity', { cluster: clusterName });
    this.#record(stream, {
      type: 'agent.duplicate',
      message: `Two agents take turns with the identity of cluster ${clusterName}; revoke it and enrol one of them again`,
    });
  }

  #status(stream: AgentStream, status: wire.Status): void {
    const { report, objects, driftRepairs, ceilingDigest } = status;
    const ceiling = status.ceilingJson === '' ? null : storableJson(status.ceilingJson);
    this.#ports.status.note({
      ...ids(stream),
      conditions: status.conditions.slice(0, mostConditions),
      ...(report === null ? {} : { results: { ...bounded(report), objects, driftRepairs } }),
      ...(ceiling === null ? {} : { ceilingDigest, ceiling }),
    });
  }

  #record(stream: AgentStream, event: NewAuditEvent): void {
    const { clusterName } = stream.identity;
    const actor = { kind: 'agent', name: `agent/${clusterName}` } as const;
    void this.#background(
      this.#ports.unitOfWork.run({ actor }, async (tx) =>
        tx.audit.record({ cluster: clusterName, ...event }),
      ),
    );
  }

  /** Storing what one agent tells of its cluster takes at most a tenth of the time, whatever it sends. */
  async #inventory(stream: AgentStream, inventory: wire.Inventory): Promise<void> {
    const { clusterUid } = stream.identity;
    let took = 0;
    const store = async (): Promise<void> => {
      const began = performance.now();
      const update = { ...ids(stream), ...inventoryFacts(inventory) };
      const { found } = await writeInventory(this.#ports.database, update);
      await this.#tellFound(stream, found);
      took = performance.now() - began;
    };
    await this.#background(this.#inventories.run(clusterUid, store));
    await elapsed(9 * took);
  }

  /** Once for each binding: what is told again as it was is not found again. */
  async #tellFound(stream: AgentStream, found: readonly FoundBinding[]): Promise<void> {
    const { clock, unitOfWork, world } = this.#ports;
    const { clusterUid, clusterName } = stream.identity;
    const cluster = world.policy.cluster(clusterUid);
    if (cluster === undefined || found.length === 0) return;
    const events = foundEvents(found, { policy: world.policy, cluster, now: clock.now() });
    if (events.length === 0) return;
    const actor = { kind: 'agent', name: `agent/${clusterName}` } as const;
    await unitOfWork.run({ actor }, async (tx) => {
      for (const event of events) tx.audit.record({ cluster: clusterName, ...event });
    });
  }

  #background(work: Promise<unknown>): Promise<void> {
    const done = work
      .catch((error: unknown) =>
        this.#ports.logger.error('a record of an agent could not be stored', { error }),
      )
      .then(() => void this.#work.delete(done));
    this.#work.add(done);
    return done;
  }
}

/** A report with no more problems than agents list; those beyond are counted. */
function bounded(report: wire.ApplyReport): wire.ApplyReport {
  const { problems, moreProblems } = report;
  const most = wireLimits.reportItems;
  if (problems.length <= most) return report;
  const more = moreProblems + problems.length - most;
  return { ...report, problems: problems.slice(0, most), moreProblems: more };
}

function ids(stream: AgentStream): { clusterUid: string; sessionEpoch: number } {
  return { clusterUid: stream.identity.clusterUid, sessionEpoch: stream.sessionEpoch };
}
