import { AppError, defined, notFound } from '@ambit/kernel';
import type { ClusterRecord, Labels } from '../../records.ts';
import { type ClusterRow, selectClusters, toCluster, toPolicyCluster } from './cluster-row.ts';
import type { ClusterStore, Put, PutCluster, Removed, RemoveOptions } from '../../transaction.ts';
import { dropGrantReferences } from '../grant/drop-grant-references.ts';
import { checkPrecondition, planPut } from '../plan-put.ts';
import type { StoreContext } from '../../stores/store-context.ts';

/** What counts as an edit. */
export const specOfCluster = ({
  subjectMode,
  userPrefix,
  access,
}: Pick<PutCluster, 'subjectMode' | 'userPrefix' | 'access'>): unknown => ({
  subjectMode,
  userPrefix,
  ...defined({ access }),
});

export class PostgresClusterStore implements ClusterStore {
  readonly #context: StoreContext;

  constructor(context: StoreContext) {
    this.#context = context;
  }

  async find(name: string): Promise<ClusterRecord | null> {
    return this.#locked('name', name, 'FOR NO KEY UPDATE');
  }

  async byUid(uid: string): Promise<ClusterRecord | null> {
    return this.#locked('uid', uid, 'FOR NO KEY UPDATE');
  }

  async put(input: PutCluster): Promise<Put<ClusterRecord>> {
    const current = await this.find(input.name);
    const plan = planPut('Cluster', input, current, {
      of: specOfCluster,
      wanted: specOfCluster(input),
    });
    if (plan.step === 'create') return this.#create(input);
    if (plan.step === 'keep') return { outcome: 'unchanged', record: plan.current };
    const record = await this.#change(plan.current.uid, input, plan);
    this.#context.changes.put(toPolicyCluster(record));
    return { outcome: 'updated', record, previous: plan.current };
  }

  async remove(
    name: string,
    options: RemoveOptions & { readonly dropReferences?: boolean } = {},
  ): Promise<Removed<ClusterRecord>> {
    const { sql, changes, at } = this.#context;
    const record = await this.#locked('name', name, 'FOR UPDATE');
    checkPrecondition(record, options.precondition, `Cluster "${name}"`);
    if (record === null) throw notFound('Cluster', name);
    if (options.dropReferences !== true) await this.#refuseInUse(record);
    const grants = await dropGrantReferences(this.#context, 'cluster_uid', record.uid);
    await sql.query('DELETE FROM join_tokens WHERE cluster_uid = $1', [record.uid]);
    await sql.query('UPDATE clusters SET removed_at = $2 WHERE uid = $1', [record.uid, at]);
    changes.delete('Cluster', record.uid, name);
    return { record, memberships: 0, ...grants };
  }

  async bindKubeSystemUid(clusterUid: string, kubeSystemUid: string): Promise<void> {
    const { sql } = this.#context;
    const cluster = await this.byUid(clusterUid);
    if (cluster === null) throw notFound('Cluster', clusterUid);
    if (cluster.kubeSystemUid === kubeSystemUid) return;
    if (cluster.kubeSystemUid !== undefined) throw wrongCluster(cluster.name);
    const [other] = await sql.query<{ name: string }>(
      'SELECT name FROM clusters WHERE kube_system_uid = $1 AND removed_at IS NULL',
      [kubeSystemUid],
    );
    if (other !== undefined) throw alreadyEnrolled(other.name);
    await sql.query('UPDATE clusters SET kube_system_uid = $2 WHERE uid = $1', [
      clusterUid,
      kubeSystemUid,
    ]);
  }

  async #locked(
    column: 'name' | 'uid',
    value: string,
    lock: 'FOR UPDATE' | 'FOR NO KEY UPDATE',
  ): Promise<ClusterRecord | null> {
    const [row] = await this.#context.sql.query<ClusterRow>(
      `${selectClusters} WHERE t.${column} = $1 AND t.removed_at IS NULL ${lock}`,
      [value],
    );
    return row === undefined ? null : toCluster(row);
  }

  async #refuseInUse(cluster: ClusterRecord): Promise<void> {
    const rows = await this.#context.sql.query<{ name: string }>(
      `SELECT g.name FROM grant_clusters c JOIN grants g ON g.uid = c.grant_uid
       WHERE c.cluster_uid = $1 ORDER BY g.name LIMIT 3`,
      [cluster.uid],
    );
    if (rows[0] === undefined) return;
    throw new AppError(
      'in_use',
      `Cluster "${cluster.name}" is named by grant "${rows[0].name}"${rows.length > 1 ? ' and others' : ''}.`,
      {
        hint: 'Take it out of those grants, or remove it together with the references to it.',
        nextCommand: `ambit cluster rm ${cluster.name}`,
      },
    );
  }

  async #create(input: PutCluster): Promise<Put<ClusterRecord>> {
    const { sql, ids, at, changes } = this.#context;
    const [row] = await sql.query<ClusterRow>(
      `INSERT INTO clusters (uid, name, subject_mode, user_prefix, access, labels, annotations, generation, revision, created_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, 1, 0, $8)
       ON CONFLICT (name) WHERE removed_at IS NULL DO NOTHING RETURNING *`,
      [
        ids.uuid(),
        input.name,
        input.subjectMode,
        input.userPrefix,
        input.access ?? null,
        input.labels,
        input.annotations ?? {},
        at,
      ],
    );
    // Somebody made it between our look and our insert: look again.
    if (row === undefined) return this.put(input);
    const record = toCluster(row);
    changes.put(toPolicyCluster(record));
    return { outcome: 'created', record };
  }

  async #change(
    uid: string,
    input: PutCluster,
    plan: { readonly annotations: Labels; readonly generations: number },
  ): Promise<ClusterRecord> {
    const [row] = await this.#context.sql.query<ClusterRow>(
      `UPDATE clusters SET subject_mode = $2, user_prefix = $3, access = $4, labels = $5,
         annotations = $6, generation = generation + $7
       WHERE uid = $1 RETURNING *`,
      [
        uid,
        input.subjectMode,
        input.userPrefix,
        input.access ?? null,
        input.labels,
        plan.annotations,
        plan.generations,
      ],
    );
    if (row === undefined) throw notFound('Cluster', input.name);
    return toCluster(row);
  }
}

function wrongCluster(name: string): AppError {
  return new AppError('wrong_cluster', `Another Kubernetes cluster is enrolled as "${name}".`, {
    why: 'The uid of its namespace kube-system differs from the one this agent sees.',
    hint: 'Add this cluster under a name of its own; remove the old one first when it is gone for good.',
    nextCommand: `ambit cluster rm ${name}`,
  });
}

function alreadyEnrolled(name: string): AppError {
  return new AppError(
    'cluster_already_enrolled',
    `This Kubernetes cluster is enrolled already, as "${name}".`,
    { nextCommand: `ambit cluster join-token ${name}` },
  );
}
