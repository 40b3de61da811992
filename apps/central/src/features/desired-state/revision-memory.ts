import type { Touched, WhatIf } from '@ambit/domain';
import type { Intent, IntentScope } from '@ambit/rbac';

/** Access that a revision may have taken from people: from whom, and where. */
export interface TakenAccess {
  /** Names in Kubernetes. One of them may keep the same through another entry. */
  readonly subjects: readonly string[];
  /** Undefined for everything that they have in the cluster. */
  readonly scope: IntentScope | undefined;
}

/** What a revision did to one cluster. */
export interface RevisionTouch {
  readonly keys: ReadonlySet<string>;
  /** Undefined where that is not remembered: it may be anybody. */
  readonly taken: readonly TakenAccess[] | undefined;
  /** People whom the revision locked or unlocked: their access changes in entries that it did not touch. */
  readonly people: readonly string[] | undefined;
}

interface Remembered {
  readonly clusters: ReadonlyMap<string, RevisionTouch> | undefined;
  readonly names: readonly string[];
}

/** How many revisions the touched clusters are remembered of. */
const mostRevisions = 10_000;
/** How many keys of them all together; the oldest go first, then a revision alone that is larger. */
const mostKeys = 500_000;
/** A revision that touched more is remembered by its keys: who lost what is not worked out on the path of a change. */
const mostCompared = 500;

/** What the last revisions touched, so that what an agent reports can be told as the answer to one change. */
export class RevisionMemory {
  readonly #revisions = new Map<number, Remembered>();
  /** How many keys are held of a revision, oldest first. */
  readonly #detailed = new Map<number, number>();
  #keys = 0;

  remember(
    revision: number,
    { touched, before }: Pick<WhatIf, 'touched' | 'before'>,
    after: (clusterUid: string, key: string) => Intent | undefined,
  ): void {
    const size = sizeOf(touched);
    const compared = size <= mostCompared;
    const clusters = new Map(
      Array.from(touched, ([uid, keys]): [string, RevisionTouch] => {
        if (!compared) return [uid, { keys, taken: undefined, people: undefined }];
        const pairs = Array.from(keys, (key) => [before(uid, key), after(uid, key)] as const);
        return [uid, { keys, taken: pairs.flatMap(takenBy), people: pairs.flatMap(denied) }];
      }),
    );
    this.#revisions.set(revision, { clusters, names: [...touched.keys()] });
    this.#revisions.delete(revision - mostRevisions);
    this.#detailed.set(revision, size);
    this.#keys += size;
    this.#trim(revision - mostRevisions);
  }

  /** uids of the clusters a revision touched; undefined when it is not remembered. */
  clusters(revision: number): readonly string[] | undefined {
    return this.#revisions.get(revision)?.names;
  }

  /** What a revision did to a cluster: undefined when it is not remembered, null when it did nothing there. */
  of(revision: number, clusterUid: string): RevisionTouch | null | undefined {
    const remembered = this.#revisions.get(revision);
    if (remembered?.clusters === undefined) return undefined;
    return remembered.clusters.get(clusterUid) ?? null;
  }

  #trim(forgotten: number): void {
    for (const [revision, size] of this.#detailed) {
      if (this.#keys <= mostKeys && revision > forgotten) return;
      this.#detailed.delete(revision);
      this.#keys -= size;
      const held = this.#revisions.get(revision);
      if (held !== undefined) this.#revisions.set(revision, { ...held, clusters: undefined });
    }
  }
}

function sizeOf(touched: Touched): number {
  let size = 0;
  for (const keys of touched.values()) size += keys.size;
  return size;
}

type Pair = readonly [before: Intent | undefined, after: Intent | undefined];

function takenBy([before, after]: Pair): TakenAccess[] {
  if (before?.section !== 'BINDING') return [];
  const stays = after?.section === 'BINDING' && sameReach(before, after) ? after.subjects : [];
  const kept = new Set(stays);
  const subjects = before.subjects.filter((subject) => !kept.has(subject));
  return subjects.length === 0 ? [] : [{ subjects, scope: before.scope }];
}

/** Two entries of a key have the same role and scope, but not always the same times. */
function sameReach(before: Intent & { section: 'BINDING' }, after: Intent): boolean {
  return (
    after.section === 'BINDING' && (after.notAfter ?? Infinity) >= (before.notAfter ?? Infinity)
  );
}

function denied([before, after]: Pair): string[] {
  const entry = after ?? before;
  return entry?.section === 'DENY' && (before === undefined || after === undefined)
    ? [entry.subject]
    : [];
}
