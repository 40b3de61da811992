import { isKubeError, kubeResources } from '@ambit/kube';
import type { KubeResource } from '@ambit/kube';
import type { Logger } from '@ambit/kernel';
import { isBinding, withRevision } from '@ambit/rbac';
import type {
  DeleteObject,
  ObjectKey,
  RbacObject,
  RecreateObject,
  UpdateObject,
  Write,
  WriteDone,
  WriteOutcome,
} from '@ambit/rbac';
import { splitKey } from './observed-objects.ts';
import type { LiveObject } from './observed-objects.ts';
import type { ReconcilerClient } from './reconciler-options.ts';
import { isOther, later, outcomeOf } from './write-outcome.ts';

type Removal = Pick<DeleteObject | RecreateObject, 'key' | 'uid' | 'finalizers' | 'deleting'>;

/** Carries out one operation. Preconditions keep it off everything but what was looked at. */
export class WriteObject {
  readonly #client: ReconcilerClient;
  readonly #logger: Logger;

  constructor(client: ReconcilerClient, logger: Logger) {
    this.#client = client;
    this.#logger = logger;
  }

  /** Never rejects. */
  async write(operation: Write, revision: number): Promise<WriteOutcome> {
    try {
      return await this.#write(operation, revision);
    } catch (error) {
      return this.#failed(operation.key, error);
    }
  }

  /** How the object stands now; undefined when there is none. Throws what the API server says otherwise. */
  async look(key: ObjectKey): Promise<LiveObject | undefined> {
    const { kind, ...place } = splitKey(key);
    try {
      const object = await this.#client.get<LiveObject>(resourceOf(kind), place);
      return { ...object, kind } as LiveObject;
    } catch (error) {
      if (isKubeError(error, 404)) return undefined;
      throw error;
    }
  }

  async #write(operation: Write, revision: number): Promise<WriteOutcome> {
    switch (operation.type) {
      case 'create':
        return { type: 'done', object: await this.#create(operation.body, revision) };
      case 'update':
        return this.#update(operation, revision);
      case 'delete':
        return this.#remove(operation);
      case 'recreate': {
        const removed = await this.#remove(operation);
        if (removed.type !== 'done' || operation.createHeld) return removed;
        return this.#madeAnew(operation.body, revision, removed);
      }
    }
  }

  async #create(body: RbacObject, revision: number): Promise<RbacObject> {
    const { kind } = body;
    const made = await this.#client.create<RbacObject>(
      resourceOf(kind),
      withRevision(body, revision),
    );
    return { ...made, kind } as RbacObject;
  }

  async #update(operation: UpdateObject, revision: number): Promise<WriteOutcome> {
    try {
      const object = await this.#patch(operation.key, withRevision(operation.patch, revision));
      return { type: 'done', object };
    } catch (error) {
      if (!operation.narrows || !refusesChange(error)) throw error;
      return isBinding(operation.body)
        ? this.#narrowByDeleting(operation, revision)
        : this.#emptyRole(operation);
    }
  }

  async #patch(key: ObjectKey, patch: object): Promise<RbacObject> {
    const { kind, ...place } = splitKey(key);
    const object = await this.#client.mergePatch<RbacObject>(resourceOf(kind), place, patch);
    return { ...object, kind } as RbacObject;
  }

  /** Every update of a binding is checked for escalation, a removal of subjects too; a DELETE never is. */
  async #narrowByDeleting(operation: UpdateObject, revision: number): Promise<WriteOutcome> {
    const { key, uid, body } = operation;
    const removed = await this.#remove({ key, uid, finalizers: [], deleting: false });
    return removed.type === 'done' ? this.#madeAnew(body, revision, removed) : removed;
  }

  /** Less of a role is checked for escalation, nothing of it is not: `rules: []` ends what it gave in one write. */
  async #emptyRole({ key, uid }: UpdateObject): Promise<WriteOutcome> {
    try {
      const object = await this.#patch(key, { metadata: { uid }, rules: [] });
      return { type: 'condemned', object };
    } catch (error) {
      if (!refusesChange(error)) throw error;
      return this.#remove({ key, uid, finalizers: [], deleting: false });
    }
  }

  /** What was taken away stays done when making it anew fails: that is tried again by itself. */
  async #madeAnew(body: RbacObject, revision: number, removed: WriteDone): Promise<WriteOutcome> {
    if (removed.object !== undefined) return removed;
    try {
      return { ...removed, object: await this.#create(body, revision) };
    } catch (error) {
      this.#logger.warn('an object was deleted and could not be made anew', {
        kind: body.kind,
        name: body.metadata.name,
        error,
      });
      return removed;
    }
  }

  async #remove(removal: Removal): Promise<WriteOutcome> {
    const { key, uid } = removal;
    try {
      const held = await this.#delete(removal);
      return held === undefined ? { type: 'done' } : await this.#removeFinalizers(key, uid, held);
    } catch (error) {
      if (isKubeError(error, 404)) return { type: 'lookAgain' };
      if (isKubeError(error) && isOther(error)) return this.#lookAgain(key);
      throw error;
    }
  }

  /** Finalizers that still hold it; undefined when it is gone. */
  async #delete({
    key,
    uid,
    finalizers,
    deleting,
  }: Removal): Promise<readonly string[] | undefined> {
    if (deleting) return finalizers;
    const { kind, ...place } = splitKey(key);
    const held = await this.#client.delete(resourceOf(kind), place, { uid });
    return held === undefined ? undefined : (held.metadata.finalizers ?? []);
  }

  /** While a finalizer holds it, a binding still grants. */
  async #removeFinalizers(
    key: ObjectKey,
    uid: string,
    finalizers: readonly string[],
  ): Promise<WriteOutcome> {
    try {
      await this.#patch(key, { metadata: { uid, finalizers: null } });
    } catch (error) {
      // Whoever put them took them off first.
      if (isKubeError(error, 404)) return { type: 'done' };
      throw error;
    }
    const left = await this.look(key);
    return left?.metadata.uid === uid
      ? later({ message: 'a finalizer still holds it', uncertain: false })
      : { type: 'done', finalizersRemoved: finalizers };
  }

  async #lookAgain(key: ObjectKey): Promise<WriteOutcome> {
    const object = await this.look(key);
    return object === undefined ? { type: 'lookAgain' } : { type: 'lookAgain', object };
  }

  async #failed(key: ObjectKey, error: unknown): Promise<WriteOutcome> {
    if (!isKubeError(error)) {
      this.#logger.error('a write failed in an unforeseen way', { key, error });
    }
    try {
      return outcomeOf(key, error) ?? (await this.#lookAgain(key));
    } catch (lookError) {
      return outcomeOf(key, lookError) ?? later({ message: String(lookError), uncertain: true });
    }
  }
}

/** True when an update is refused, of which a removal may be let through all the same. */
function refusesChange(error: unknown): boolean {
  return isKubeError(error) && (error.status === 403 || error.deniedByAdmission);
}

const byKind: Readonly<Record<RbacObject['kind'], KubeResource>> = {
  ClusterRole: kubeResources.clusterRoles,
  ClusterRoleBinding: kubeResources.clusterRoleBindings,
  RoleBinding: kubeResources.roleBindings,
  Role: kubeResources.roles,
};

function resourceOf(kind: RbacObject['kind']): KubeResource {
  return byKind[kind];
}
