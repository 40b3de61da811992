import { ambitAnnotations, isBinding } from '@ambit/rbac';
import type { RbacObject } from '@ambit/rbac';
import type { Policy } from './policy.ts';
import type { AgentWrite } from './virtual-client.ts';
import type { Stored, VirtualCluster } from './virtual-cluster.ts';
import type { VirtualTime } from './virtual-time.ts';
import type { VirtualAgent } from './virtual-agent.ts';

/** How long excess may stand when nothing hinders the agent, and how long after something did. */
const calmLagMs = 8_000;
const lagMs = 75_000;
/** A restarted agent ends what ended meanwhile, however long its lists take. */
const endsAfterStartMs = 1_500;
const reportedWithinMs = 20_000;
const mostWrites = { count: 40, withinMs: 10_000 };

export class Violation extends Error {
  override readonly name = 'Violation';
}

/** What hinders the agent now. */
export interface Hindrance {
  /** It cannot know, or cannot do: the API server fails, watches are silent, it is down. */
  readonly blind: boolean;
  /** Admission refuses or changes what it writes. */
  readonly refused: boolean;
}

export interface InvariantParts {
  readonly cluster: VirtualCluster;
  readonly time: VirtualTime;
  readonly policy: Policy;
  readonly writes: readonly AgentWrite[];
  /** Uids of what others put there. */
  readonly strangers: ReadonlySet<string>;
}

/** What holds at every moment of a run; throws the first `Violation`. */
export class Invariants {
  readonly #parts: InvariantParts;
  readonly #since = new Map<string, number>();
  #blindUntil = -lagMs;
  #refusedUntil = -lagMs;
  #checkedWrites = 0;

  constructor(parts: InvariantParts) {
    this.#parts = parts;
  }

  check(agent: VirtualAgent | undefined, hindrance: Hindrance): void {
    const now = this.#parts.time.monotonic();
    if (hindrance.blind || agent === undefined) this.#blindUntil = now;
    if (hindrance.refused) this.#refusedUntil = now;
    this.#excess(now, agent);
    this.#writes();
    if (agent !== undefined) this.#endsAtStart(now, agent);
  }

  /** Access that stands through objects of ours: `NAMESPACE ROLE SUBJECT`. */
  standing(): Map<string, Stored> {
    const { cluster, strangers } = this.#parts;
    const access = new Map<string, Stored>();
    for (const object of cluster.all('rolebindings')) {
      if (strangers.has(object.metadata.uid ?? '')) continue;
      if (!isBinding(object as RbacObject)) continue;
      for (const { name } of object.subjects ?? []) {
        const { namespace = '' } = object.metadata;
        access.set(`${namespace} ${object.roleRef?.name ?? ''} ${name}`, object);
      }
    }
    return access;
  }

  wanted(): Set<string> {
    const { cluster, policy, time } = this.#parts;
    const names = cluster.all('namespaces').map(({ metadata }) => metadata.name);
    return policy.access(time.truth(), new Set(names));
  }

  #excess(now: number, agent: VirtualAgent | undefined): void {
    const wanted = this.wanted();
    const standing = this.standing();
    for (const id of Array.from(this.#since.keys())) {
      const [access = '', uid] = id.split(' by ');
      const stands = standing.get(access)?.metadata.uid === uid;
      if (!stands || wanted.has(access)) this.#since.delete(id);
    }
    for (const [access, object] of standing) {
      if (!wanted.has(access))
        this.#one(now, agent, { access, object, kept: isKept(access, wanted) });
    }
  }

  #one(
    now: number,
    agent: VirtualAgent | undefined,
    { access, object, kept }: { access: string; object: Stored; kept: boolean },
  ): void {
    const id = `${access} by ${object.metadata.uid}`;
    const since = this.#since.get(id) ?? now;
    this.#since.set(id, since);
    const hindered = Math.max(this.#blindUntil, this.#refusedUntil);
    const calm = since - hindered > lagMs;
    const stood = now - Math.max(since, hindered);
    if (stood > (calm ? calmLagMs : lagMs)) {
      throw new Violation(`${access} stands for ${stood} ms and is not wanted`);
    }
    const seeing = now - Math.max(since, this.#blindUntil + lagMs);
    if (seeing > reportedWithinMs && !kept) this.#reported(agent, object, access);
  }

  #reported(agent: VirtualAgent | undefined, object: Stored, access: string): void {
    const { problems } = agent?.reconciler.status().report ?? { problems: [] };
    const { namespace, name } = object.metadata;
    const place = `RoleBinding/${namespace}/${name}`;
    const told = problems.some(
      (problem) => problem.object === place && problem.effect === 'PROBLEM_EFFECT_EXCESS',
    );
    if (!told) throw new Violation(`nobody is told that ${access} stands`);
  }

  #writes(): void {
    const { writes, strangers } = this.#parts;
    for (const write of writes.slice(this.#checkedWrites)) {
      this.#checkedWrites += 1;
      if (write.done && write.uid !== undefined && strangers.has(write.uid)) {
        throw new Violation(`${write.verb} of ${write.key}, which is somebody else's`);
      }
      const recent = writes.filter(
        ({ key, at }) => key === write.key && at <= write.at && write.at - at < mostWrites.withinMs,
      );
      if (recent.length > mostWrites.count) {
        throw new Violation(`${recent.length} writes of ${write.key} within ten seconds`);
      }
    }
  }

  #endsAtStart(now: number, agent: VirtualAgent): void {
    const { time } = this.#parts;
    const after = now - agent.startedAt;
    if (after < endsAfterStartMs || after > 2 * endsAfterStartMs) return;
    const hindered = Math.max(this.#blindUntil, this.#refusedUntil) > agent.startedAt;
    if (hindered || time.offBy < 0) return;
    const startedAt = time.truth() - after;
    const wanted = this.wanted();
    for (const [access, object] of this.standing()) {
      if (endOf(object) >= startedAt || wanted.has(access) || this.#goesOn(object)) continue;
      if (agent.inventory.uid(keyOf(object)) !== object.metadata.uid) continue;
      throw new Violation(`${access} had ended when the agent started ${after} ms ago`);
    }
  }

  /** A grant behind it was given anew meanwhile: until the lists are there, its object stays as it is. */
  #goesOn({ metadata: { annotations } }: Stored): boolean {
    const keys = annotations?.[ambitAnnotations.intents]?.split(',') ?? [];
    return keys.some((key) => {
      const grant = this.#parts.policy.grants.get(key);
      return grant !== undefined && (grant.notAfter ?? Infinity) > this.#parts.time.truth();
    });
  }
}

function endOf({ metadata }: Stored): number {
  const end = metadata.annotations?.[ambitAnnotations.notAfter];
  return end === undefined ? Infinity : Date.parse(end);
}

/** Roles by what they give: whoever is to have more keeps what a lesser one gives. */
const ladder = ['view', 'edit', 'admin'];

function isKept(access: string, wanted: ReadonlySet<string>): boolean {
  const [namespace = '', role = '', subject = ''] = access.split(' ');
  const more = ladder.slice(ladder.indexOf(role) + 1);
  return more.some((greater) => wanted.has(`${namespace} ${greater} ${subject}`));
}

function keyOf({ metadata: { namespace = '', name } }: Stored): string {
  return `RoleBinding/${namespace}/${name}`;
}
