import { createHash } from 'node:crypto';
import { conditionGroupName, labelValues, selectsCluster } from '@ambit/domain';
import type { LabelValues, PolicyCluster } from '@ambit/domain';
import { AppError } from '@ambit/kernel';
import type { ConditionalGrant, StoredCondition } from '@ambit/persistence';

/** Most combinations of values of labels for which the condition of one grant is worked out. */
export const mostLabelValues = 200;

type Cluster = Pick<PolicyCluster, 'uid' | 'labels'>;

/** The combinations of values that these labels have on the clusters of the grant, each once, by their marks. */
export function valuesInScope(
  { scope }: ConditionalGrant,
  labels: readonly string[],
  clusters: readonly Cluster[],
): ReadonlyMap<string, LabelValues> {
  if (labels.length === 0) return new Map([['', {}]]);
  const found = new Map<string, LabelValues>();
  for (const cluster of clusters) {
    // Of a cluster its uid and labels are all that a selector looks at.
    if (!selectsCluster(scope.clusters, cluster as PolicyCluster)) continue;
    const values = labelValues(labels, cluster.labels);
    found.set(markOf(values), values);
  }
  return found;
}

/** Tells values of labels apart in the name of a group: the same values have the same mark everywhere. */
export function markOf(values: LabelValues): string {
  const names = Object.keys(values).sort();
  if (names.length === 0) return '';
  const text = JSON.stringify(names.map((name) => [name, values[name]]));
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}

export const groupNameOf = ({ name }: ConditionalGrant, mark: string): string =>
  mark === '' ? conditionGroupName(name) : conditionGroupName(name, mark);

/**
 * The values without those that are too many. What is there already stays; on clusters of other values the grant gives nothing.
 * Throws `invalid_policy` for a condition
 * that is new.
 */
export function withinLimit(
  wanted: ReadonlyMap<string, LabelValues>,
  there: readonly StoredCondition[],
  { name, isNew }: { readonly name: string; readonly isNew: boolean },
): ReadonlyMap<string, LabelValues> {
  if (wanted.size <= mostLabelValues) return wanted;
  if (isNew) throw tooMany(name, wanted.size);
  const known = new Set(there.map(({ labels }) => markOf(labels)));
  const kept = [...wanted].sort(([a], [b]) => Number(known.has(b)) - Number(known.has(a)));
  return new Map(kept.slice(0, mostLabelValues));
}

const tooMany = (name: string, count: number): AppError =>
  new AppError('invalid_policy', `The condition of Grant ${name} reads too many labels.`, {
    errors: [
      {
        pointer: '/spec/when/match',
        message: `the labels that it reads have ${count} combinations of values on the clusters of its scope; a condition is worked out for at most ${mostLabelValues}`,
      },
    ],
    hint: 'Read fewer labels, or ones of fewer values, or make several grants of narrower scopes.',
  });
