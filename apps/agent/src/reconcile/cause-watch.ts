import { isKubeError, kubeResources, Reflector } from '@ambit/kube';
import type { KubeObject, KubeResource, Timers } from '@ambit/kube';
import type { Logger, Millis, Random } from '@ambit/kernel';
import { carriesOurLabel } from './observed-objects.ts';
import type { ObjectDriver } from './object-driver.ts';
import type { ReconcilerClient } from './reconciler-options.ts';

export interface CauseWatchOptions {
  readonly client: Pick<ReconcilerClient, 'list' | 'watch'>;
  readonly driver: Pick<ObjectDriver, 'waiting' | 'causeChanged'>;
  readonly random: Random;
  readonly timers: Timers;
  readonly logger: Logger;
}

const admission = { group: 'admissionregistration.k8s.io', version: 'v1', namespaced: false };

/** What may be why a write is refused or changed, beside ClusterRoles, which are always watched. */
const causes: readonly KubeResource[] = [
  {
    group: '',
    version: 'v1',
    plural: 'resourcequotas',
    kind: 'ResourceQuota',
    namespaced: true,
  },
  ...[
    ['validatingadmissionpolicies', 'ValidatingAdmissionPolicy'],
    ['validatingadmissionpolicybindings', 'ValidatingAdmissionPolicyBinding'],
    ['mutatingadmissionpolicies', 'MutatingAdmissionPolicy'],
    ['mutatingadmissionpolicybindings', 'MutatingAdmissionPolicyBinding'],
    ['validatingwebhookconfigurations', 'ValidatingWebhookConfiguration'],
    ['mutatingwebhookconfigurations', 'MutatingWebhookConfiguration'],
  ].map(([plural = '', kind = '']) => ({ ...admission, plural, kind })),
  // By these the agent itself gets its rights.
  kubeResources.clusterRoleBindings,
];

const lookAfterMs: Millis = 100;
/** What is refused and then given is often refused again soon. */
const lingerMs: Millis = 60_000;

/**
 * Watches what writes are refused by, while any are: a quota, a policy, a webhook configuration or a right that changes
 * lets them be tried again at once. What the agent may not watch, and what this Kubernetes does not know, it does
 * without: every refused write is tried again within a minute anyway.
 */
export class CauseWatch {
  readonly #options: CauseWatchOptions;
  #reflectors: Reflector<KubeObject>[] = [];
  readonly #denied = new Set<string>();
  #looking: (() => void) | undefined;
  #lingering: (() => void) | undefined;
  #stopped = false;

  constructor(options: CauseWatchOptions) {
    this.#options = options;
  }

  /** Something was refused, or is not any more; cheap to call often. */
  look(): void {
    if (this.#stopped) return;
    this.#looking ??= this.#options.timers.after(lookAfterMs, () => {
      this.#looking = undefined;
      this.#look();
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#looking?.();
    this.#lingering?.();
    await this.#close();
  }

  #look(): void {
    if (this.#options.driver.waiting(['refused', 'contended']) > 0) {
      this.#lingering?.();
      this.#lingering = undefined;
      if (this.#reflectors.length === 0) this.#open();
    } else if (this.#reflectors.length > 0) {
      this.#lingering ??= this.#options.timers.after(lingerMs, () => {
        this.#lingering = undefined;
        void this.#close();
      });
    }
  }

  #open(): void {
    this.#reflectors = causes.map((resource) => this.#follow(resource));
    for (const reflector of this.#reflectors) reflector.start();
  }

  async #close(): Promise<void> {
    const closing = this.#reflectors;
    this.#reflectors = [];
    await Promise.all(closing.map((reflector) => reflector.stop()));
  }

  #follow(resource: KubeResource): Reflector<KubeObject> {
    const { client, random, timers } = this.#options;
    /** How each stood when it was last seen. */
    const stood = new Map<string, string>();
    let listed = false;
    const told = (object: KubeObject, now: string | undefined): void => {
      const uid = object.metadata.uid ?? object.metadata.name;
      const before = stood.get(uid);
      if (now === undefined) stood.delete(uid);
      else stood.set(uid, now);
      if (listed && before !== now && !carriesOurLabel(object)) this.#changed(resource, object);
    };
    const reflector = new Reflector<KubeObject>({
      client,
      resource,
      random,
      timers,
      handler: {
        onAdd: (object) => told(object, whatMatters(object)),
        onUpdate: (object) => told(object, whatMatters(object)),
        onDelete: ({ key, uid, object }) =>
          told(object ?? { metadata: { ...key, uid } }, undefined),
        onSynced: () => {
          listed = true;
        },
        onError: (error) => this.#failed(resource, error, () => void reflector.stop()),
      },
    });
    return reflector;
  }

  #changed({ kind }: KubeResource, { metadata: { namespace } }: KubeObject): void {
    const { driver } = this.#options;
    if (kind === 'ResourceQuota') driver.causeChanged(['refused'], namespace);
    else driver.causeChanged(['refused', 'contended']);
  }

  #failed({ kind, plural }: KubeResource, error: unknown, stop: () => void): void {
    const never = isKubeError(error) && [401, 403, 404, 405].includes(error.status);
    if (!never) return;
    stop();
    if (this.#denied.has(kind)) return;
    this.#denied.add(kind);
    const { logger } = this.#options;
    logger.info(
      'what may be why writes are refused cannot be watched; they are tried again within a minute',
      {
        resource: plural,
        reason: error.message,
      },
    );
  }
}

/**
 * What of an object can be why a write is refused: never what counts what others do, or every pod that comes and goes
 * in a namespace with a quota would be news.
 */
function whatMatters(object: KubeObject): string {
  const { metadata, status, ...content } = object as KubeObject & {
    readonly status?: { readonly hard?: unknown; readonly used?: Record<string, unknown> };
  };
  const used = Object.entries(status?.used ?? {}).filter(([name]) => name.includes('rbac'));
  return JSON.stringify([metadata.labels, content, status?.hard, used]);
}
