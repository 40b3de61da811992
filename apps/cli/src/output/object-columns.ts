import type { PolicyResource } from '@ambit/contracts';
import type { KindView } from '../kinds/kind-view.ts';
import { relativeTime } from './relative-time.ts';
import type { Column } from './table.ts';

function labels(object: PolicyResource): string {
  return Object.entries(object.metadata.labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
}

/** Columns of a kind; `now` is what relative times are counted from. */
export function objectColumns(view: KindView, now: number): readonly Column<PolicyResource>[] {
  return [
    { title: 'NAME', value: ({ metadata }) => metadata.name },
    ...view.columns(now),
    { title: 'LABELS', value: labels, wide: true },
    { title: 'REVISION', value: ({ metadata }) => metadata.resourceVersion, wide: true },
    { title: 'UID', value: ({ metadata }) => metadata.uid, wide: true },
    { title: 'AGE', value: ({ metadata }) => relativeTime(metadata.creationTimestamp, now) },
  ];
}
