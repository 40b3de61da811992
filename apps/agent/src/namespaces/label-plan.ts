import { compareText } from '@ambit/kernel';
import { keptLabels, podSecurityPrefix, setLabelsAnnotation } from '@ambit/rbac';
import type { ObjectMeta } from '@ambit/rbac';

type Marked = Pick<ObjectMeta, 'labels' | 'annotations'>;

/** A merge patch of metadata; null takes away. */
export interface MetadataPatch {
  readonly labels: Readonly<Record<string, string | null>>;
  readonly annotations: Readonly<Record<string, string | null>>;
}

export interface LabelPlan {
  /** Absent when everything is as it should be. */
  readonly patch?: MetadataPatch;
  /** Keys that somebody else gave another value: they are never touched. */
  readonly foreign: readonly string[];
  /** Keys that the ceiling does not allow. */
  readonly refused: readonly string[];
}

/** A label by which a namespace is known as one that is kept. */
export const isOwn = (key: string): boolean => keptLabels.some((own) => own === key);

/** Keys of the labels that we set on a namespace, as it says itself. */
export function labelsSet({ annotations = {} }: Marked): ReadonlySet<string> {
  const text = annotations[setLabelsAnnotation] ?? '';
  return new Set(text.split(',').filter((key) => key !== ''));
}

/** What it takes that a namespace has these labels, and of ours no others. */
export function planLabels(
  live: Marked,
  wanted: ReadonlyMap<string, string>,
  isAllowed: (key: string) => boolean,
): LabelPlan {
  const labels = live.labels ?? {};
  const set = labelsSet(live);
  const refused = [...wanted.keys()].filter((key) => !isOwn(key) && !isAllowed(key));
  const given = [...wanted].filter(([key]) => !refused.includes(key));
  const ours = given.filter(([key]) => set.has(key) || labels[key] === undefined);
  const foreign = given
    .filter(([key, value]) => !set.has(key) && (labels[key] ?? value) !== value)
    .map(([key]) => key);
  const keys = new Set(ours.map(([key]) => key));
  const gone = [...set].filter((key) => !keys.has(key));
  const patch = patchOf(live, new Map(ours), gone, keys);
  return { ...(patch && { patch }), foreign, refused };
}

/**
 * What it takes that a namespace is nobody's of ours any more. Labels of Pod Security stay, and stay known as ours: without
 * them pods could do more there than before.
 */
export function releaseLabels(live: Marked): MetadataPatch | undefined {
  const set = [...labelsSet(live)];
  const kept = set.filter((key) => key.startsWith(podSecurityPrefix));
  const gone = set.filter((key) => !kept.includes(key));
  return patchOf(live, new Map(), gone, new Set(kept));
}

function patchOf(
  { labels = {}, annotations = {} }: Marked,
  put: ReadonlyMap<string, string>,
  gone: readonly string[],
  keys: ReadonlySet<string>,
): MetadataPatch | undefined {
  const mark = [...keys].sort(compareText).join(',') || null;
  const differing = [...put].filter(([key, value]) => labels[key] !== value);
  const standing = gone.filter((key) => labels[key] !== undefined);
  const changed: MetadataPatch['labels'] = Object.fromEntries([
    ...differing,
    ...standing.map((key) => [key, null] as const),
  ]);
  const marked = (annotations[setLabelsAnnotation] ?? null) === mark;
  if (marked && differing.length + standing.length === 0) return undefined;
  return { labels: changed, annotations: marked ? {} : { [setLabelsAnnotation]: mark } };
}
