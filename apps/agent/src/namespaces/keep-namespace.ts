import { isKubeError, kubeResources } from '@ambit/kube';
import type { KubeClient, KubeObject } from '@ambit/kube';
import {
  ambitLabels,
  keptLabels,
  labelIsAllowed,
  managedRefusal,
  podSecurityLabel,
  podSecurityRefusal,
  teamLabel,
} from '@ambit/rbac';
import type { Ceiling, NamespaceEntry, NamespaceState, Owner, ProfileEntry } from '@ambit/rbac';
import type { AuditRecorder } from '../audit/audit-log.ts';
import type { HeldNamespaces } from './held-namespaces.ts';
import type { KeepObjects, Kept } from './keep-objects.ts';
import { isOwn, labelsSet, planLabels } from './label-plan.ts';
import type { MetadataPatch } from './label-plan.ts';
import { lasting, problemOf } from './namespace-problems.ts';
import type { NamespaceProblem } from './namespace-problems.ts';
import { patchNamespace, releaseNamespace } from './release-namespace.ts';

export interface KeepNamespaceOptions {
  readonly client: Pick<KubeClient, 'get' | 'create' | 'mergePatch'>;
  readonly held: Pick<HeldNamespaces, 'of' | 'loaded'>;
  readonly owner: Owner;
  readonly objects: Pick<KeepObjects, 'keep' | 'release'>;
  readonly ceiling: () => Pick<Ceiling, 'namespaces' | 'protectedNamespaces'>;
  /** A namespace as the watch shows it. */
  readonly seen: (name: string) => NamespaceState | undefined;
  readonly audit: AuditRecorder;
}

/** Does a namespace say that agents of this installation keep it? */
export function isKeptBy({ labels }: NamespaceState, { installationUid }: Owner): boolean {
  return labels[teamLabel] !== undefined && labels[ambitLabels.installation] === installationUid;
}

/** What is told of a namespace, by what was done. */
const namespaceTypes = {
  created: 'namespace.created',
  updated: 'namespace.updated',
  released: 'namespace.released',
  repaired: 'drift.corrected',
} as const;

const nothing: Kept = { problems: [], repairs: [] };
const only = (problem: NamespaceProblem): Kept => ({ problems: [problem], repairs: [] });

/** Makes one namespace what its profile says, or lets go of it. It is never deleted. */
export class KeepNamespace {
  readonly #options: KeepNamespaceOptions;

  constructor(options: KeepNamespaceOptions) {
    this.#options = options;
  }

  /** Throws what is no answer of Kubernetes. */
  async look(name: string): Promise<Kept> {
    const { held, ceiling } = this.#options;
    if (!held.loaded) return nothing;
    const kept = held.of(name);
    if (kept === undefined) return this.#leave(name);
    const { entry, profile } = kept;
    // Of what is not understood nothing is done, and nothing is undone.
    if (entry === undefined || profile === undefined) return nothing;
    const refusal = managedRefusal(name, ceiling());
    if (refusal !== undefined) return only(lasting('ceiling_refused', textOf(name), refusal));
    try {
      return await this.#keep(name, entry, profile);
    } catch (error) {
      return only(problemOf(error, textOf(name)));
    }
  }

  async #keep(name: string, entry: NamespaceEntry, profile: ProfileEntry): Promise<Kept> {
    const wanted = new Map([
      ...profile.labels,
      [teamLabel, entry.team],
      [ambitLabels.installation, this.#options.owner.installationUid],
    ] as [string, string][]);
    const live = await this.#find(name);
    if (live === undefined) return this.#make(name, entry, profile, wanted);
    if (live.metadata.deletionTimestamp !== undefined)
      return only(
        lasting('namespace_missing', textOf(name), `namespace "${name}" is being deleted`),
      );
    const weak = this.#weakness(name, wanted, labelsSet(live.metadata).has(podSecurityLabel));
    if (weak !== undefined) return only(weak);
    const isAllowed = (key: string): boolean => labelIsAllowed(key, this.#options.ceiling());
    const { patch, foreign, refused } = planLabels(live.metadata, wanted, isAllowed);
    // Whoever else says whose it is has to take that back first.
    if (foreign.some(isOwn)) return only(claimed(name, live));
    const repairs = patch === undefined ? [] : await this.#label(live, patch, entry.team);
    const kept = await this.#options.objects.keep(name, profile.objects);
    const problems = [...labelProblems(name, foreign, refused), ...kept.problems];
    return { problems, repairs: [...kept.repairs, ...repairs] };
  }

  /** `held`: it is made now, or has a level of Pod Security of ours. */
  #weakness(
    name: string,
    wanted: ReadonlyMap<string, string>,
    held: boolean,
  ): NamespaceProblem | undefined {
    const level = { wanted: wanted.get(podSecurityLabel), held };
    const refusal = podSecurityRefusal(level, this.#options.ceiling());
    return refusal === undefined ? undefined : lasting('ceiling_refused', textOf(name), refusal);
  }

  async #find(name: string): Promise<KubeObject | undefined> {
    try {
      return await this.#options.client.get(kubeResources.namespaces, { name });
    } catch (error) {
      if (isKubeError(error, 404)) return undefined;
      throw error;
    }
  }

  async #make(
    name: string,
    entry: NamespaceEntry,
    profile: ProfileEntry,
    wanted: ReadonlyMap<string, string>,
  ): Promise<Kept> {
    if (entry.pattern !== name) return nothing;
    if (!profile.create) {
      const message = `there is no namespace "${name}", and NamespaceProfile ${profile.name} creates none`;
      return only(lasting('namespace_missing', textOf(name), message));
    }
    const weak = this.#weakness(name, wanted, true);
    if (weak !== undefined) return only(weak);
    const { client, objects, ceiling } = this.#options;
    const { patch, refused } = planLabels({}, wanted, (key) => labelIsAllowed(key, ceiling()));
    const made = await client.create(kubeResources.namespaces, {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name, ...(patch as Pick<KubeObject['metadata'], 'labels' | 'annotations'>) },
    });
    this.#tell('created', made, `for team ${entry.team}`);
    const kept = await objects.keep(name, profile.objects);
    return { ...kept, problems: [...labelProblems(name, [], refused), ...kept.problems] };
  }

  /** The namespace, when somebody else's change was undone by it. */
  async #label(live: KubeObject, patch: MetadataPatch, team: string): Promise<string[]> {
    const drifted = Object.keys(patch.annotations).length === 0;
    await patchNamespace(this.#options.client, live, patch);
    this.#tell(drifted ? 'repaired' : 'updated', live, `for team ${team}`);
    return drifted ? [textOf(live.metadata.name)] : [];
  }

  async #leave(name: string): Promise<Kept> {
    const { seen, ceiling, owner } = this.#options;
    const namespace = seen(name);
    const isOver = namespace === undefined || namespace.phase === 'Terminating';
    if (isOver || !isKeptBy(namespace, owner)) return nothing;
    if (managedRefusal(name, ceiling()) !== undefined) return nothing;
    try {
      const live = await this.#find(name);
      const gone = live && (await releaseNamespace(this.#options, live));
      if (gone !== undefined)
        this.#tell('released', gone.namespace, `by team ${gone.team}`, { objects: gone.objects });
      return nothing;
    } catch (error) {
      return only(problemOf(error, textOf(name)));
    }
  }

  #tell(
    what: keyof typeof namespaceTypes,
    { metadata: { name, uid = '' } }: KubeObject,
    why: string,
    details?: Readonly<Record<string, number>>,
  ): void {
    const type = namespaceTypes[what];
    this.#options.audit.record({
      type,
      message: `Namespace ${name} was ${what} ${why}`,
      object: { kind: 'Namespace', name, uid },
      ...(details && { details }),
    });
  }
}

const textOf = (name: string): string => `Namespace/${name}`;

function claimed(name: string, { metadata: { labels = {} } }: KubeObject): NamespaceProblem {
  const message = `somebody else says by labels whose it is (${keptLabels.map((key) => `${key}=${labels[key] ?? ''}`).join(', ')}): nothing of it is touched until they are gone`;
  return lasting('foreign_object', textOf(name), message);
}

function labelProblems(
  name: string,
  foreign: readonly string[],
  refused: readonly string[],
): NamespaceProblem[] {
  return [
    ...foreign.map((key) =>
      lasting(
        'foreign_object',
        textOf(name),
        `the label ${key} is somebody else's: it is left as it is`,
      ),
    ),
    ...refused.map((key) =>
      lasting(
        'ceiling_refused',
        textOf(name),
        `the ceiling allows no label ${key} (namespaces.labels)`,
      ),
    ),
  ];
}
