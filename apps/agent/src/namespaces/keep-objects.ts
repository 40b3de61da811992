import { hex } from '@ambit/kernel';
import type { Digests } from '@ambit/kernel';
import { isKubeError } from '@ambit/kube';
import type { KubeClient } from '@ambit/kube';
import { ambitLabels, managedByValue, profileObjectKinds } from '@ambit/rbac';
import type { Owner, ProfileObject, ProfileObjectKind } from '@ambit/rbac';
import type { AuditRecorder } from '../audit/audit-log.ts';
import { lasting, problemOf } from './namespace-problems.ts';
import type { NamespaceProblem } from './namespace-problems.ts';
import {
  formOf,
  isOurs,
  objectOf,
  patchTo,
  profileResources,
  releasing,
} from './profile-objects.ts';
import type { SpecObject } from './profile-objects.ts';
import { usedBeyond } from './quota-use.ts';

export interface KeepObjectsOptions {
  readonly client: Pick<KubeClient, 'list' | 'get' | 'create' | 'mergePatch' | 'delete'>;
  readonly owner: Owner;
  readonly digests: Digests;
  readonly audit: AuditRecorder;
}

/** How an object stood when it was as wanted. The API server fills in fields: what it made of what we wrote is the measure. */
interface Settled {
  readonly wanted: string;
  readonly form: string;
}

export interface Kept {
  readonly problems: readonly NamespaceProblem[];
  /** Where somebody else's change was undone: `KIND/NAMESPACE/NAME` or `KIND/NAME`. */
  readonly repairs: readonly string[];
}

/** What is told of an object, by what was done. */
const objectTypes = {
  created: 'namespace_object.created',
  updated: 'namespace_object.updated',
  deleted: 'namespace_object.deleted',
  repaired: 'drift.corrected',
} as const;

/** More than a profile can have; whoever else carries our label is not ours. */
const pageSize = 500;

/** The objects of profiles in namespaces: made, kept as they are to be, and taken away when the profile has them no more. */
export class KeepObjects {
  readonly #options: KeepObjectsOptions;
  readonly #settled = new Map<string, Settled>();

  constructor(options: KeepObjectsOptions) {
    this.#options = options;
  }

  /** True when an object, as a watch shows it, is as it was left. */
  isSettled(kind: ProfileObjectKind, object: SpecObject): boolean {
    return this.#settled.get(textOf(kind, object))?.form === this.#digest(formOf(object));
  }

  /** Makes the namespace have these objects and of ours no others. Throws what is no answer of Kubernetes. */
  async keep(namespace: string, wanted: readonly ProfileObject[]): Promise<Kept> {
    const problems: NamespaceProblem[] = [];
    const repairs: string[] = [];
    for (const kind of profileObjectKinds) {
      try {
        const of = wanted.filter((each) => each.kind === kind);
        const kept = await this.#keepKind(kind, namespace, of);
        problems.push(...kept.problems);
        repairs.push(...kept.repairs);
      } catch (error) {
        problems.push(problemOf(error, `${kind}/${namespace}`));
      }
    }
    return { problems, repairs };
  }

  async #keepKind(
    kind: ProfileObjectKind,
    namespace: string,
    wanted: readonly ProfileObject[],
  ): Promise<Kept> {
    const problems: NamespaceProblem[] = [];
    const repairs: string[] = [];
    const found = await this.#ours(kind, namespace);
    for (const object of wanted) {
      const { problem, repaired } = await this.#settle(object, namespace, found);
      if (problem !== undefined) problems.push(problem);
      if (repaired === true) repairs.push(`${kind}/${namespace}/${object.name}`);
      found.delete(object.name);
    }
    for (const extra of found.values()) await this.#remove(kind, extra);
    return { problems, repairs };
  }

  /** Lets go of every object of ours in the namespace: they stay as they are. */
  async release(namespace: string): Promise<number> {
    const { client } = this.#options;
    let count = 0;
    for (const kind of profileObjectKinds) {
      for (const object of (await this.#ours(kind, namespace)).values()) {
        await client.mergePatch(profileResources[kind], object.metadata, releasing(object));
        this.#settled.delete(textOf(kind, object));
        count += 1;
      }
    }
    return count;
  }

  async #ours(kind: ProfileObjectKind, namespace: string): Promise<Map<string, SpecObject>> {
    const { client, owner } = this.#options;
    const { items } = await client.list<SpecObject>(profileResources[kind], {
      namespace,
      labelSelector: `${ambitLabels.managedBy}=${managedByValue},${ambitLabels.cluster}=${owner.clusterUid}`,
      limit: pageSize,
    });
    const ours = items.filter((object) => isOurs(kind, object));
    return new Map(ours.map((object) => [object.metadata.name, object]));
  }

  async #settle(
    wanted: ProfileObject,
    namespace: string,
    found: ReadonlyMap<string, SpecObject>,
  ): Promise<{ readonly problem?: NamespaceProblem; readonly repaired?: boolean }> {
    const { kind, name } = wanted;
    const text = `${kind}/${namespace}/${name}`;
    try {
      const object = objectOf(wanted, namespace, this.#options.owner);
      const live = found.get(name) ?? (await this.#make(wanted, object));
      if (live === 'foreign')
        return { problem: lasting('foreign_object', text, foreignText(kind, name)) };
      if (live === undefined) return { repaired: this.#wasSettled(text, wanted) };
      const repaired = await this.#correct(wanted, object, live);
      const problem = quotaProblem(kind, text, live);
      return { repaired, ...(problem && { problem }) };
    } catch (error) {
      return { problem: problemOf(error, text) };
    }
  }

  /** Undefined once it is made; what stands there when its name is taken. */
  async #make(
    wanted: ProfileObject,
    object: SpecObject,
  ): Promise<SpecObject | 'foreign' | undefined> {
    const { client } = this.#options;
    const { kind } = wanted;
    try {
      const made = await client.create(profileResources[kind], object);
      this.#tell(
        this.#wasSettled(textOf(kind, object), wanted) ? 'repaired' : 'created',
        kind,
        made,
      );
      this.#remember(wanted, made);
      return undefined;
    } catch (error) {
      if (!isKubeError(error, 409)) throw error;
      const live = await client.get<SpecObject>(profileResources[kind], object.metadata);
      return isOurs(kind, live) ? live : 'foreign';
    }
  }

  /** True when it undid what somebody else did. */
  async #correct(wanted: ProfileObject, object: SpecObject, live: SpecObject): Promise<boolean> {
    const { client } = this.#options;
    const { kind } = wanted;
    const text = textOf(kind, object);
    const drifted = this.#wasSettled(text, wanted);
    if (drifted && this.isSettled(kind, live)) return false;
    const after = await client.mergePatch<SpecObject>(
      profileResources[kind],
      object.metadata,
      patchTo(live, object),
    );
    this.#remember(wanted, after);
    const changed = after.metadata.resourceVersion !== live.metadata.resourceVersion;
    if (changed) this.#tell(drifted ? 'repaired' : 'updated', kind, after);
    return changed && drifted;
  }

  async #remove(kind: ProfileObjectKind, object: SpecObject): Promise<void> {
    const { client } = this.#options;
    const { uid = '' } = object.metadata;
    await client.delete(profileResources[kind], object.metadata, { uid });
    this.#settled.delete(textOf(kind, object));
    this.#tell('deleted', kind, object);
  }

  #wasSettled(text: string, { spec }: ProfileObject): boolean {
    return this.#settled.get(text)?.wanted === this.#digest(spec);
  }

  #remember(wanted: ProfileObject, live: SpecObject): void {
    const form = this.#digest(formOf(live));
    this.#settled.set(textOf(wanted.kind, live), { wanted: this.#digest(wanted.spec), form });
  }

  #digest(text: string): string {
    const { digests } = this.#options;
    return hex(digests.sha256(digests.utf8(text))).slice(0, 32);
  }

  #tell(
    what: keyof typeof objectTypes,
    kind: ProfileObjectKind,
    { metadata: { name, namespace = '', uid = '' } }: SpecObject,
  ): void {
    const type = objectTypes[what];
    this.#options.audit.record({
      type,
      message: `${kind} ${namespace}/${name} was ${what}`,
      object: { kind, name, namespace, uid },
    });
  }
}

const textOf = (kind: string, { metadata: { namespace = '', name } }: SpecObject): string =>
  `${kind}/${namespace}/${name}`;

const foreignText = (kind: string, name: string): string =>
  `there is a ${kind} ${name} that is not ours: it is left as it is`;

function quotaProblem(
  kind: ProfileObjectKind,
  text: string,
  { spec, status }: SpecObject,
): NamespaceProblem | undefined {
  if (kind !== 'ResourceQuota') return undefined;
  const { hard = {} } = (spec ?? {}) as { readonly hard?: Readonly<Record<string, string>> };
  const beyond = usedBeyond(hard, status?.used ?? {});
  if (beyond.length === 0) return undefined;
  const message = `more is used than the quota allows (${beyond.join(', ')}): it goes on running, and nothing more is let in`;
  return lasting('quota_exceeded', text, message);
}
