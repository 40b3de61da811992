import { ambitAnnotations, type ObjectMeta } from '../model.ts';

type Changes = Record<string, string | null>;

/** Kubernetes copies the rules of a role with such a label into view, edit or admin. Ours never carry one. */
const aggregationLabel = 'rbac.authorization.k8s.io/aggregate-to-';

/** What our labels and annotations lack or have too much; null takes off. Other people's are left alone. */
export function metadataChanges(
  wanted: ObjectMeta,
  found: ObjectMeta,
): { readonly labels: Changes | undefined; readonly annotations: Changes | undefined } {
  const labels = missing(wanted.labels, found.labels);
  for (const label of Object.keys(found.labels ?? {})) {
    if (label.startsWith(aggregationLabel)) labels[label] = null;
  }
  const annotations = missing(wanted.annotations, found.annotations);
  const { notAfter } = ambitAnnotations;
  // An end that is not wanted would be enforced by an agent that has lost its state.
  if (found.annotations?.[notAfter] !== undefined && wanted.annotations?.[notAfter] === undefined) {
    annotations[notAfter] = null;
  }
  return { labels: orNothing(labels), annotations: orNothing(annotations) };
}

function missing(wanted: ObjectMeta['labels'], found: ObjectMeta['labels']): Changes {
  const changes: Changes = {};
  for (const [key, value] of Object.entries(wanted ?? {})) {
    if (found?.[key] !== value) changes[key] = value;
  }
  return changes;
}

function orNothing(changes: Changes): Changes | undefined {
  return Object.keys(changes).length === 0 ? undefined : changes;
}
