import { createHash } from 'node:crypto';
import type { Digests, Logger } from '@ambit/kernel';
import type { nextLife } from '@ambit/rbac';
import { ClockInterval } from '../../apps/agent/src/clock/clock-interval.ts';
import { MemoryAnnouncer } from '../../apps/agent/test/memory-announcer.ts';
import { ClusterReconciler } from '../../apps/agent/src/reconcile/cluster-reconciler.ts';
import type { AgentAuditEvent } from '../../apps/agent/src/reconcile/object-audit.ts';
import type { Policy } from './policy.ts';
import type { SeededRandom } from '@ambit/testing';
import { VirtualClient } from './virtual-client.ts';
import type { AgentWrite, Weather } from './virtual-client.ts';
import type { VirtualCluster } from './virtual-cluster.ts';
import type { VirtualInventory } from './virtual-inventory.ts';
import type { VirtualTime } from './virtual-time.ts';

export const digests: Digests = {
  sha256: (bytes) => createHash('sha256').update(bytes).digest(),
  utf8: (text) => new TextEncoder().encode(text),
};

const nothing = (): void => undefined;
const silent: Logger = {
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  child: () => silent,
};

/** A fault that is put into the agent to see that the simulation finds it. */
export interface Defect {
  readonly next?: typeof nextLife;
  readonly client?: (client: VirtualClient) => VirtualClient;
  readonly clock?: (clock: ClockInterval) => ClockInterval;
  readonly inventory?: (inventory: VirtualInventory) => VirtualInventory;
}

export interface AgentGround {
  readonly time: VirtualTime;
  readonly cluster: VirtualCluster;
  readonly weather: Weather;
  readonly policy: Policy;
  readonly random: SeededRandom;
  readonly writes: AgentWrite[];
  readonly events: AgentAuditEvent[];
  readonly defect: Defect;
}

/** The real reconciler between a virtual cluster and the policy, from one start of the process to its end. */
export class VirtualAgent {
  readonly reconciler: ClusterReconciler;
  readonly interval: ClockInterval;
  readonly inventory: VirtualInventory;
  readonly startedAt: number;
  readonly #client: VirtualClient;

  constructor(ground: AgentGround, inventory: VirtualInventory) {
    const { time, policy, random, defect, events } = ground;
    this.startedAt = time.monotonic();
    this.inventory = inventory;
    const interval = new ClockInterval(time);
    this.interval = interval;
    this.#client = new VirtualClient({ ...ground, heard: (at) => this.#heard(at) });
    this.reconciler = new ClusterReconciler({
      client: defect.client?.(this.#client) ?? this.#client,
      identity: { kubeSystemUid: 'cluster', installationUid: 'installation' },
      ceiling: policy.ceilingOfNow,
      clock: defect.clock?.(interval) ?? interval,
      inventory: defect.inventory?.(inventory) ?? inventory,
      audit: { record: (event) => events.push(event) },
      announcer: new MemoryAnnouncer(),
      digests,
      logger: silent,
      random: random.next,
      timers: time,
      ...(defect.next === undefined ? {} : { next: defect.next }),
    });
  }

  async start(policy: Policy): Promise<void> {
    this.reconciler.accept(policy.whole());
    await this.reconciler.start();
  }

  cutWatches(): void {
    this.#client.cutWatches();
  }

  /** The process is gone from one moment to the next. */
  kill(): void {
    this.#client.dead = true;
    void this.reconciler.stop();
  }

  #heard(at: number): void {
    const before = this.interval.now().high;
    this.interval.heardKubernetes(at);
    if (this.interval.now().high - before > 1_000) this.reconciler.clockChanged();
  }
}
