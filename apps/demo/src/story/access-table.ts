import type { KubeClient } from '@ambit/kube';
import type { DemoCluster } from '../stage/demo-cluster.ts';
import { textTable } from '../terminal/text-table.ts';

/** Where something may be done: a namespace, or the cluster itself when it is absent. */
export interface DemoPlace {
  readonly cluster: DemoCluster;
  readonly namespace?: string;
}

interface Deed {
  readonly letter: string;
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
}

const inNamespaces: readonly Deed[] = [
  { letter: 'r', verb: 'get', group: '', resource: 'pods' },
  { letter: 'w', verb: 'create', group: 'apps', resource: 'deployments' },
  { letter: 'x', verb: 'create', group: '', resource: 'pods', subresource: 'exec' },
];
const inClusters: readonly Deed[] = [{ letter: 'n', verb: 'list', group: '', resource: 'nodes' }];

export const legend =
  'r read pods   w create deployments   x enter pods   n list nodes   - may not';

/** How the name of a person reads in the clusters of the demo. */
export const userPrefix = 'ambit:';

/** Every place of the demo, in the order of the table's columns. */
export function placesOf(clusters: readonly DemoCluster[]): DemoPlace[] {
  return clusters.flatMap((cluster) => [
    ...cluster.plan.namespaces.map(({ name }) => ({ cluster, namespace: name })),
    { cluster },
  ]);
}

/** What the API server itself answers (SubjectAccessReview) for one person in one place, a letter for each deed. */
export async function accessIn(place: DemoPlace, user: string): Promise<string> {
  const deeds = place.namespace === undefined ? inClusters : inNamespaces;
  const answers = await Promise.all(deeds.map((deed) => mayDo(place, user, deed)));
  return deeds.map(({ letter }, index) => (answers[index] === true ? letter : '-')).join('');
}

/** One row per person, one column per place. */
export interface AccessTable {
  readonly people: readonly string[];
  readonly places: readonly DemoPlace[];
  readonly cells: readonly (readonly string[])[];
}

export async function askAccess(
  people: readonly string[],
  clusters: readonly DemoCluster[],
): Promise<AccessTable> {
  const places = placesOf(clusters);
  const cells = await Promise.all(
    people.map((user) => Promise.all(places.map((place) => accessIn(place, user)))),
  );
  return { people, places, cells };
}

/** The table as lines; what differs from `before` carries a mark. */
export function accessLines(table: AccessTable, before?: AccessTable): string[] {
  const clusterRow = table.places.map(({ cluster }, index) =>
    cluster === table.places[index - 1]?.cluster ? '' : cluster.plan.name,
  );
  const placeRow = table.places.map(({ namespace }) => namespace ?? 'nodes');
  const rows = table.people.map((user, row) => [
    user,
    ...(table.cells[row] ?? []).map((cell, column) => {
      const changed = before !== undefined && before.cells[row]?.[column] !== cell;
      return changed ? `${cell} *` : cell;
    }),
  ]);
  return textTable([['', ...clusterRow], ['WHO', ...placeRow], ...rows]);
}

async function mayDo(
  { cluster, namespace }: DemoPlace,
  user: string,
  deed: Deed,
): Promise<boolean> {
  const { verb, group, resource, subresource } = deed;
  const status = await review(cluster.kube, user, {
    verb,
    group,
    resource,
    ...(subresource === undefined ? {} : { subresource }),
    ...(namespace === undefined ? {} : { namespace }),
  });
  return status.allowed;
}

type Attributes = NonNullable<
  Parameters<KubeClient['createSubjectAccessReview']>[0]['resourceAttributes']
>;

function review(
  kube: KubeClient,
  user: string,
  resourceAttributes: Attributes,
): ReturnType<KubeClient['createSubjectAccessReview']> {
  // As the API server would see the person: authenticated, and in no group of ours.
  return kube.createSubjectAccessReview({
    user: `${userPrefix}${user}`,
    groups: ['system:authenticated'],
    resourceAttributes,
  });
}
