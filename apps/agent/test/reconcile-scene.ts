import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DevCluster } from '@ambit/dev-cluster';
import { defined } from '@ambit/kernel';
import type { Clock, Digests, Logger } from '@ambit/kernel';
import { KubeClient, kubeResources, loadKubeconfig } from '@ambit/kube';
import type { AccessReviewSpec, KubeObject, KubeResource, Namespace } from '@ambit/kube';
import type { StateChange, wire } from '@ambit/protocol';
import { ambitLabels, defaultCeiling } from '@ambit/rbac';
import type { BindingIntent, BindingObject, Ceiling, Intent, RoleIntent } from '@ambit/rbac';
import { eventually, silentLogger } from '@ambit/testing';
import type { WriteAnnouncer } from '../src/audit/write-announcements.ts';
import { ClockInterval } from '../src/clock/clock-interval.ts';
import { printPolicy } from '../src/admission/print-policy.ts';
import { printRbac } from '../src/print-rbac.ts';
import { ClusterReconciler } from '../src/reconcile/cluster-reconciler.ts';
import type { AgentAuditEvent } from '../src/reconcile/object-audit.ts';
import type { StateFollower, UnexplainedStep } from '../src/reconcile/ports.ts';
import { ObjectInventory } from '../src/state/object-inventory.ts';
import type { HandTime } from './hand-time.ts';
import { MemoryAnnouncer } from './memory-announcer.ts';

export const digests: Digests = {
  sha256: (bytes) => createHash('sha256').update(bytes).digest(),
  utf8: (text) => new TextEncoder().encode(text),
};

export const podReader = { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] };

/** The machine's clock, moved by hand. */
export class MovedClock implements Clock {
  byMs = 0;

  now(): number {
    return Date.now() + this.byMs;
  }

  monotonic(): number {
    return performance.now();
  }
}

export interface SceneOptions {
  readonly cluster: DevCluster;
  readonly ceiling?: Partial<Ceiling>;
  /** Of another scene: its state on disk, for a restart. */
  readonly folder?: string;
  readonly installationUid?: string;
  readonly clock?: MovedClock;
  /** In place of the clock and the timers of the machine. */
  readonly time?: HandTime;
  readonly timeoutMs?: number;
  readonly logger?: Logger;
  readonly random?: () => number;
  readonly announcer?: WriteAnnouncer;
  /** What is done before it starts, as the program hands over the state of the disk. */
  readonly before?: (reconciler: ClusterReconciler) => void;
  /** Rights of the agent when they are not those that its ceiling asks for. */
  readonly rightsOf?: Ceiling;
  readonly follower?: StateFollower;
}

export interface Push {
  readonly put?: readonly Intent[];
  readonly remove?: readonly string[];
  readonly full?: boolean;
  /** What was given before, when no commit explains the change. */
  readonly before?: readonly Intent[];
  /** It took a higher epoch. */
  readonly raised?: boolean;
}

interface SceneParts {
  readonly admin: KubeClient;
  readonly agent: KubeClient;
  readonly reconciler: ClusterReconciler;
  readonly interval: ClockInterval;
  readonly folder: string;
  readonly inventory: ObjectInventory;
  readonly events: AgentAuditEvent[];
  readonly ceiling: Ceiling;
}

/** A reconciler on a cluster, with the least rights, and an admin who looks over its shoulder. */
export class ReconcileScene {
  readonly admin: KubeClient;
  readonly reconciler: ClusterReconciler;
  readonly interval: ClockInterval;
  readonly folder: string;
  readonly events: AgentAuditEvent[];
  readonly applied: { readonly revision: number; readonly report: wire.ApplyReport }[] = [];
  readonly agent: KubeClient;
  readonly inventory: ObjectInventory;
  readonly ceiling: Ceiling;
  revision = 0;

  private constructor(parts: SceneParts) {
    this.admin = parts.admin;
    this.agent = parts.agent;
    this.reconciler = parts.reconciler;
    this.interval = parts.interval;
    this.folder = parts.folder;
    this.inventory = parts.inventory;
    this.events = parts.events;
    this.ceiling = parts.ceiling;
    this.reconciler.onApplied((revision, report) => this.applied.push({ revision, report }));
  }

  static async open(options: SceneOptions): Promise<ReconcileScene> {
    const { cluster, time, logger = silentLogger } = options;
    const clock = clockOf(options);
    const ceiling = ceilingOf(options.ceiling);
    const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'ambit-reconcile-')));
    const admin = await clientOf(folder, 'admin', cluster.adminKubeconfig);
    const rights = printRbac(options.rightsOf ?? ceiling);
    const policies = printPolicy(ceiling, {});
    const kubeconfig = await cluster.agentKubeconfig(rights, policies);
    const agent = await clientOf(folder, 'agent', kubeconfig, options);
    const system = await admin.get(kubeResources.namespaces, { name: 'kube-system' });
    const inventory = await ObjectInventory.open(join(folder, 'inventory'), logger);
    const interval = new ClockInterval(clock);
    const events: AgentAuditEvent[] = [];
    const reconciler = new ClusterReconciler({
      client: agent,
      identity: {
        kubeSystemUid: system.metadata.uid ?? '',
        installationUid: options.installationUid ?? 'installation-1',
      },
      ceiling,
      clock: interval,
      inventory,
      audit: { record: (event) => events.push(event) },
      announcer: options.announcer ?? new MemoryAnnouncer(),
      digests,
      logger,
      random: options.random ?? Math.random,
      ...defined({ follower: options.follower, timers: time }),
    });
    options.before?.(reconciler);
    await reconciler.start();
    const seen = { interval, folder, inventory, events, ceiling };
    return new ReconcileScene({ ...seen, admin, agent, reconciler });
  }

  /** Hands a change over; the revision it got. */
  push({ put = [], remove = [], full = false, before, raised = false }: Push): number {
    this.revision += 1;
    const change = changeOf(this.revision, { put, remove, full });
    if (before === undefined) this.reconciler.accept(change);
    else this.reconciler.accept(change, [stepTo(change, before, raised)]);
    return this.revision;
  }

  /** Hands a change over and waits until it is applied. */
  async apply(push: Push): Promise<wire.ApplyReport> {
    const revision = this.push(push);
    return this.appliedOf(revision);
  }

  async appliedOf(revision: number): Promise<wire.ApplyReport> {
    return eventually(
      () => {
        const found = this.applied.find((one) => one.revision === revision);
        if (found === undefined) {
          throw new Error(JSON.stringify(this.reconciler.status().report.problems));
        }
        return found.report;
      },
      { what: `revision ${revision} being applied`, everyMs: 5 },
    );
  }

  /** Makes a namespace and waits until the agent knows of it. */
  async namespace(name: string, labels: Record<string, string> = {}): Promise<void> {
    await this.admin.create<Namespace>(kubeResources.namespaces, { metadata: { name, labels } });
    await this.eventually(`the agent knowing ${name}`, () => {
      if (!this.reconciler.facts.namespaces.has(name)) throw new Error('it does not');
    });
  }

  async ready(): Promise<void> {
    await eventually(
      () => {
        if (this.reconciler.missingLists.length > 0) {
          throw new Error(`lists missing: ${this.reconciler.missingLists.join()}`);
        }
      },
      { what: 'the first lists' },
    );
  }

  /** Objects of ours of one kind, as the API server shows them. */
  async ours(kind: KubeResource = kubeResources.roleBindings): Promise<BindingObject[]> {
    const selector = { labelSelector: `${ambitLabels.managedBy}=ambit` };
    const { items } = await this.admin.list<BindingObject>(kind, selector);
    return items.map((item) => ({ ...item, kind: kind.kind }) as BindingObject);
  }

  /** `NAMESPACE ROLE SUBJECT` of every RoleBinding of ours, sorted. */
  async access(): Promise<string[]> {
    const bindings = [
      ...(await this.ours()),
      ...(await this.ours(kubeResources.clusterRoleBindings)),
    ];
    return bindings
      .flatMap(({ metadata, roleRef, subjects = [] }) =>
        subjects.map(({ name }) => `${metadata.namespace ?? '*'} ${roleRef.name} ${name}`),
      )
      .sort();
  }

  async sees(expected: readonly string[]): Promise<void> {
    await eventually(
      async () => {
        const found = await this.access();
        if (JSON.stringify(found) !== JSON.stringify(expected.toSorted())) {
          throw new Error(JSON.stringify(found));
        }
      },
      { what: `access ${JSON.stringify(expected)}` },
    );
  }

  /** What the API server itself decides. */
  async can(user: string, namespace: string, verb = 'get', resource = 'pods'): Promise<boolean> {
    const spec: AccessReviewSpec = {
      user,
      groups: ['system:authenticated'],
      resourceAttributes: { namespace, verb, resource },
    };
    return (await this.admin.createSubjectAccessReview(spec)).allowed;
  }

  async only(kind: KubeResource = kubeResources.roleBindings): Promise<BindingObject> {
    const [first, ...more] = await this.ours(kind);
    if (first === undefined || more.length > 0) throw new Error(`${more.length + 1} objects`);
    return first;
  }

  eventsOf(type: string): AgentAuditEvent[] {
    return this.events.filter((event) => event.type === type);
  }

  async eventually(what: string, probe: () => unknown): Promise<void> {
    await eventually(probe as () => void, { what });
  }

  /** Stops without taking anything back, as a killed process would, but for the inventory that is on disk. */
  async halt(): Promise<void> {
    await this.reconciler.stop();
    this.agent.close();
    this.admin.close();
  }

  async close(): Promise<void> {
    await this.halt();
    await rm(this.folder, { recursive: true, force: true });
  }
}

function clockOf({ time, clock }: Pick<SceneOptions, 'time' | 'clock'>): Clock {
  return time ?? clock ?? new MovedClock();
}

/** The step of a change that no commit explains, from what was given before it. */
export function stepTo(
  change: StateChange,
  before: readonly Intent[],
  raised = false,
): UnexplainedStep {
  const after = new Map(change.mode === 'full' ? [] : before.map((one) => [one.key, one]));
  for (const key of change.removed) after.delete(key);
  for (const intent of change.intents) after.set(intent.key, intent);
  return { before, after: [...after.values()], raised, known: true, removalsMayWait: true };
}

export function ceilingOf(change: Partial<Ceiling> = {}): Ceiling {
  return { ...defaultCeiling, ...change };
}

export async function clientOf(
  folder: string,
  name: string,
  kubeconfig: string,
  { timeoutMs }: { readonly timeoutMs?: number } = {},
): Promise<KubeClient> {
  const path = join(folder, `${name}.kubeconfig`);
  await writeFile(path, kubeconfig, { mode: 0o600 });
  const connection = await loadKubeconfig(path);
  return new KubeClient({ connection, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
}

/** A change as the session hands it over; the reconciler reads these parts of it. */
export function changeOf(
  revision: number,
  { put = [], remove = [], full = false }: Pick<Push, 'put' | 'remove' | 'full'>,
): StateChange {
  return {
    mode: full ? 'full' : 'delta',
    manifest: { revision },
    intents: put,
    removed: remove,
    skipped: [],
    entries: [],
  } as unknown as StateChange;
}

export function binding(change: Partial<BindingIntent> & { key: string }): BindingIntent {
  return {
    section: 'BINDING',
    role: { type: 'existing', clusterRole: 'view' },
    scope: { type: 'namespaces', names: ['payments'] },
    shard: '',
    subjectKind: 'Users',
    subjects: ['ambit:ann'],
    grants: ['grant'],
    ...change,
  };
}

export function role(uid: string, rules: RoleIntent['rules'], name = `role-${uid}`): RoleIntent {
  return { section: 'ROLE', key: `ROLE/${uid}`, uid, name, rules };
}

export function deny(userUid: string, subject: string): Intent {
  return { section: 'DENY', key: `DENY/${userUid}`, userUid, subject };
}

export type { KubeObject };
