import type { Clock } from '@ambit/kernel';
import { isKubeError, kubeResources } from '@ambit/kube';
import type { KubeClient } from '@ambit/kube';
import { LeaseSight } from './lease-record.ts';
import type { Lease, LeaseSpec, LeaseTimes } from './lease-record.ts';
import { replicaObjects } from './replica-rights.ts';

export type LeaseClient = Pick<KubeClient, 'get' | 'create' | 'mergePatch'>;

export interface LeaseWriterParts {
  readonly client: LeaseClient;
  readonly namespace: string;
  /** Unlike that of every other process there ever was: who comes back under an old name holds nothing. */
  readonly replica: string;
  readonly times: LeaseTimes;
  readonly clock: Clock;
}

/** Reads and writes the one Lease. Each write names the version that was seen last, so of two replicas one succeeds. */
export class LeaseWriter {
  readonly #parts: LeaseWriterParts;
  readonly #sight = new LeaseSight();
  #version: string | undefined;
  /** When whoever held one that was deleted writes no more. */
  #notBefore = -Infinity;

  constructor(parts: LeaseWriterParts) {
    this.#parts = parts;
  }

  get replica(): string {
    return this.#parts.replica;
  }

  /** Who held it when it was seen last. */
  get holder(): string | undefined {
    return this.#sight.holder;
  }

  /**
   * When it may be taken, by the monotonic clock. Where there is none it is made, as held by this replica: somebody may have
   * deleted it under one that goes on writing until its time is over, so everybody waits that long. Throws `KubeError`.
   */
  async look(): Promise<number> {
    const { replica, times } = this.#parts;
    if (!(await this.#find())) await this.#make();
    return Math.max(this.#notBefore, this.#sight.freeAt(replica, times));
  }

  /** False when it is not the one that was seen any more: another replica was faster, or it was deleted. Throws `KubeError`. */
  async take(): Promise<boolean> {
    try {
      await this.#write(this.#held());
      return true;
    } catch (error) {
      if (isKubeError(error, 409) || isKubeError(error, 404)) return false;
      throw error;
    }
  }

  /**
   * Who has it instead; undefined when it was renewed. `isOurs`: nobody else can have had it since it was renewed last. Where it
   * is not, one that was deleted was perhaps another's, who goes on writing: it is not made anew. Throws `KubeError`.
   */
  async renew(isOurs: () => boolean): Promise<string | undefined> {
    for (;;) {
      if (await this.take()) return undefined;
      // Somebody wrote it, another replica or a person who changed a label, or it was deleted.
      if (!(await this.#find())) {
        if (!isOurs()) return 'nobody';
        await this.#make();
      }
      if (this.holder !== this.#parts.replica) return this.holder ?? 'nobody';
    }
  }

  /** Throws `KubeError`. */
  async giveUp(): Promise<void> {
    await this.#write({ ...this.#held(), holderIdentity: '', leaseDurationSeconds: 1 });
  }

  /** False when there is none. */
  async #find(): Promise<boolean> {
    const { namespace, name } = this.#place;
    try {
      this.#saw(await this.#parts.client.get<Lease>(kubeResources.leases, { namespace, name }));
      return true;
    } catch (error) {
      if (isKubeError(error, 404)) return false;
      throw error;
    }
  }

  async #make(): Promise<void> {
    const { client, clock, times } = this.#parts;
    // Before it is made: the answer to that may be lost.
    this.#notBefore = clock.monotonic() + times.duration;
    this.#sight.forget();
    const lease = { metadata: this.#place, spec: this.#held() };
    this.#saw(await client.create<Lease>(kubeResources.leases, lease));
  }

  get #place() {
    return { name: replicaObjects, namespace: this.#parts.namespace };
  }

  #held(): LeaseSpec {
    const { replica, clock, times } = this.#parts;
    return this.#sight.heldBy(replica, clock.now(), times);
  }

  async #write(spec: LeaseSpec): Promise<void> {
    const patch = { metadata: { resourceVersion: this.#version }, spec };
    this.#saw(await this.#parts.client.mergePatch<Lease>(kubeResources.leases, this.#place, patch));
  }

  #saw(lease: Lease): void {
    this.#version = lease.metadata.resourceVersion;
    this.#sight.see(lease, this.#parts.clock.monotonic());
  }
}
