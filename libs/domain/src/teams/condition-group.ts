import { compareText } from '@ambit/kernel';
import type { LabelValues } from '../policy-objects.ts';

/** No group that somebody names has a dot, so none of them is the group of a condition. */
const prefix = 'when.';

/**
 * The group of those for whom the condition of a grant holds: `when.db-eu`, and `when.db-eu.MARK` where the condition reads
 * labels of clusters. `mark` tells their values apart.
 */
export const conditionGroupName = (grant: string, mark?: string): string =>
  mark === undefined ? `${prefix}${grant}` : `${prefix}${grant}.${mark}`;

/** True for the name of a group whose members follow from the condition of a grant. */
export const isConditionGroup = (name: string): boolean => name.startsWith(prefix);

/** The grant that such a group is of, by the name of the group. */
export const grantOfGroup = (name: string): string => name.slice(prefix.length).split('.')[0] ?? '';

/** The values that a cluster has of these labels, in the order of their names. */
export const labelValues = (
  names: readonly string[],
  labels: Readonly<Record<string, string>>,
): LabelValues =>
  Object.fromEntries(
    [...names]
      .sort(compareText)
      .map((name) => [name, Object.hasOwn(labels, name) ? (labels[name] ?? null) : null]),
  );

/** True for a cluster that has exactly these values. */
export const hasLabelValues = (
  values: LabelValues,
  { labels }: { readonly labels: Readonly<Record<string, string>> },
): boolean =>
  Object.entries(values).every(
    ([name, value]) => (Object.hasOwn(labels, name) ? labels[name] : null) === value,
  );
