import { Reflector } from '@ambit/kube';
import type { KubeClient, Timers } from '@ambit/kube';
import type { Digests, Logger, Millis, Random } from '@ambit/kernel';
import { ambitLabels, managedByValue, managedRefusal, profileObjectKinds } from '@ambit/rbac';
import type { Ceiling, NamespaceState, Owner, ProfileObjectKind } from '@ambit/rbac';
import type { AuditRecorder } from '../audit/audit-log.ts';
import type { ApplyProgress } from '../reconcile/ports.ts';
import type { HeldNamespaces } from './held-namespaces.ts';
import { isKeptBy, KeepNamespace } from './keep-namespace.ts';
import { KeepObjects } from './keep-objects.ts';
import type { Kept } from './keep-objects.ts';
import { NamespaceQueue } from './namespace-queue.ts';
import type { Again } from './namespace-queue.ts';
import { lasting, toObjectProblem } from './namespace-problems.ts';
import type { NamespaceProblem } from './namespace-problems.ts';
import { profileResources } from './profile-objects.ts';
import type { SpecObject } from './profile-objects.ts';

export interface NamespaceKeeperOptions {
  readonly client: Pick<KubeClient, 'list' | 'watch' | 'get' | 'create' | 'mergePatch' | 'delete'>;
  readonly owner: Owner;
  readonly held: HeldNamespaces;
  readonly ceiling: () => Ceiling;
  /** Namespaces as the watch shows them, and who is told of each that changes. */
  readonly facts: {
    readonly namespaces: ReadonlyMap<string, NamespaceState>;
    onChange(listener: (change: object) => void): void;
  };
  readonly progress: ApplyProgress;
  readonly audit: AuditRecorder;
  readonly digests: Digests;
  readonly logger: Logger;
  readonly timers: Timers;
  readonly random: Random;
}

const repairWindowMs: Millis = 600_000;
const repairsAllowed = 5;

/**
 * Keeps the namespaces of teams as the accepted state says: makes them, labels them, keeps their objects, and lets go of
 * those that no team has any more. It watches objects of its own label alone, and only once there is a namespace to keep.
 */
export class NamespaceKeeper {
  readonly #options: NamespaceKeeperOptions;
  readonly #objects: KeepObjects;
  readonly #one: KeepNamespace;
  readonly #queue: NamespaceQueue;
  /** By namespace: keys under which problems of it are told. */
  readonly #told = new Map<string, ReadonlySet<string>>();
  /** By object: when it was put right. */
  readonly #repairs = new Map<string, readonly Millis[]>();
  #reflectors: readonly Reflector<SpecObject>[] = [];
  #running = false;

  constructor(options: NamespaceKeeperOptions) {
    const { facts, held } = options;
    this.#options = options;
    this.#objects = new KeepObjects(options);
    this.#one = new KeepNamespace({
      ...options,
      objects: this.#objects,
      seen: (name) => facts.namespaces.get(name),
    });
    this.#queue = new NamespaceQueue((name) => this.#look(name), options);
    held.onChange(() => this.#stateChanged());
    facts.onChange((change) => {
      if ('namespace' in change) this.#namespaceChanged(String(change.namespace));
    });
  }

  start(): void {
    this.#running = true;
    this.#watch();
    this.#queue.start();
  }

  /** What may be written is another thing now. */
  ceilingChanged(): void {
    this.#stateChanged();
  }

  /** Resolves when nothing is under way any more. */
  async stop(): Promise<void> {
    this.#running = false;
    const watching = this.#reflectors.map((reflector) => reflector.stop());
    await Promise.all([this.#queue.stop(), ...watching]);
  }

  #stateChanged(): void {
    const { held, facts, progress, owner } = this.#options;
    const names = new Set([...held.names, ...this.#told.keys()]);
    for (const namespace of facts.namespaces.values())
      if (isKeptBy(namespace, owner) || held.of(namespace.name) !== undefined)
        names.add(namespace.name);
    progress.expect(Array.from(names, keyOf));
    for (const name of names) this.#queue.add(name, true);
    this.#watch();
  }

  #namespaceChanged(name: string): void {
    const { held, facts, owner } = this.#options;
    const namespace = facts.namespaces.get(name);
    const isOurs = namespace !== undefined && isKeptBy(namespace, owner);
    if (isOurs || held.of(name) !== undefined) this.#queue.add(name);
  }

  /** Agents that keep no namespace watch nothing for it. */
  #watch(): void {
    const { held, ceiling } = this.#options;
    if (!this.#running || this.#reflectors.length > 0) return;
    if (!held.any || ceiling().namespaces.manage.length === 0) return;
    this.#reflectors = profileObjectKinds.map((kind) => this.#follow(kind));
    for (const reflector of this.#reflectors) reflector.start();
  }

  #follow(kind: ProfileObjectKind): Reflector<SpecObject> {
    const { client, logger, random, timers } = this.#options;
    // What counts what others do changes all the time: it is news only when what we say of it is different.
    const seen = (object: SpecObject): void => {
      if (!this.#objects.isSettled(kind, object)) this.#objectChanged(object.metadata.namespace);
    };
    return new Reflector<SpecObject>({
      client,
      random,
      timers,
      resource: profileResources[kind],
      labelSelector: `${ambitLabels.managedBy}=${managedByValue}`,
      handler: {
        onAdd: seen,
        onUpdate: seen,
        onDelete: ({ key }) => this.#objectChanged(key.namespace),
        onSynced: () => undefined,
        onError: (error, retryInMs) =>
          logger.warn('a watch of what is kept in namespaces was interrupted', {
            kind,
            retryInMs,
            error,
          }),
      },
    });
  }

  #objectChanged(namespace: string | undefined): void {
    if (namespace === undefined) return;
    const { held, ceiling } = this.#options;
    const isKept = held.of(namespace) !== undefined;
    if (isKept && managedRefusal(namespace, ceiling()) === undefined) this.#queue.add(namespace);
  }

  async #look(name: string): Promise<Again | undefined> {
    const kept = await this.#one.look(name);
    const contended = this.#contended(kept);
    const problems = [...kept.problems, ...contended];
    this.#tell(name, problems);
    if (contended.length > 0) return 'held';
    if (problems.length === 0) return undefined;
    return problems.some(({ terminal }) => !terminal) ? 'soon' : 'news';
  }

  /** Somebody who undoes what we do as fast as we do it is not fought with. */
  #contended({ repairs }: Kept): NamespaceProblem[] {
    const now = this.#options.timers.monotonic();
    for (const [object, times] of this.#repairs)
      if (times.every((at) => now - at >= repairWindowMs)) this.#repairs.delete(object);
    const fought = repairs.filter((object) => {
      const times = (this.#repairs.get(object) ?? []).filter((at) => now - at < repairWindowMs);
      const all = [...times, now].slice(-repairsAllowed - 1);
      this.#repairs.set(object, all);
      return all.length > repairsAllowed;
    });
    const message = 'somebody keeps changing it: it is looked at once a minute';
    return fought.map((object) => lasting('contended', object, message));
  }

  #tell(name: string, problems: readonly NamespaceProblem[]): void {
    const { progress, held } = this.#options;
    const intent = held.of(name)?.key ?? `NAMESPACE/${name}`;
    const told = new Map(
      problems.map((problem) => [`${keyOf(name)} ${problem.object} ${problem.message}`, problem]),
    );
    for (const key of this.#told.get(name) ?? []) if (!told.has(key)) progress.settled(key);
    for (const [key, problem] of told)
      progress.failed(key, toObjectProblem(problem, intent, name), problem.terminal);
    if (told.size === 0) this.#told.delete(name);
    else this.#told.set(name, new Set(told.keys()));
    // What is retried is waited for, and what changed meanwhile; what only others can solve is not.
    if (problems.every(({ terminal }) => terminal) && !this.#queue.waits(name))
      progress.settled(keyOf(name));
  }
}

const keyOf = (name: string): string => `NAMESPACE/${name}`;
