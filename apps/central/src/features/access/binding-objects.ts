import { entriesOf, subjectOfWay } from '@ambit/domain';
import type { ExplainedWay, PolicyCluster, PolicyUser, PolicyView } from '@ambit/domain';
import type { Millis } from '@ambit/kernel';
import { renderDesired } from '@ambit/rbac';
import type { DesiredObject, Intent } from '@ambit/rbac';
import { nodeDigests } from '@ambit/transport';
import type { Known } from './answer-check.ts';

/** Where objects are looked for. */
export interface ObjectPlace {
  readonly policy: PolicyView;
  readonly known: Known;
  readonly namespace?: string | undefined;
  readonly now: Millis;
}

/** How a way stands in its cluster. */
export interface ObjectsOfWay {
  /** Keys of the entries of the cluster's state in which the grant stands. */
  readonly keys: ReadonlySet<string>;
  /** KIND/NAMESPACE/NAME or KIND/NAME. */
  readonly objects: readonly string[];
}

/** A cluster that holds more of the roles in question, or has more namespaces to look at, is not worked out for an answer. */
const mostEntries = 2_000;
const mostNamespaces = 1_000;

/**
 * The objects by which the agent gives somebody these ways, by the same rules by which it makes them: bindings of one role share
 * objects, so all of the cluster count. Undefined where they are too many.
 */
export function objectsOfWays(
  ways: readonly ExplainedWay[],
  user: PolicyUser,
  { policy, known, namespace, now }: ObjectPlace,
): ReadonlyMap<ExplainedWay, ObjectsOfWay> | undefined {
  const { cluster, facts } = known;
  const { ceiling } = facts;
  if (ceiling === undefined || ways.length === 0) return new Map();
  const intents = intentsAround(policy, cluster, ways);
  const namespaces = Array.from(facts.namespaces, ([name, told]) => ({ name, ...told })).filter(
    ({ name }) => namespace === undefined || name === namespace,
  );
  if (intents === undefined || namespaces.length > mostNamespaces) return undefined;
  const { objects } = renderDesired({
    intents,
    namespaces,
    existingRoles: facts.clusterRoles.keys(),
    ceiling,
    clock: { low: now, high: now },
    digests: nodeDigests,
    clusterUid: cluster.uid,
    installationUid: '',
  });
  const all = [...objects.values()];
  return new Map(
    ways.map((way) => {
      const isOfGrant = entriesOf(way.grant, policy.role(way.grant.roleUid));
      const keys = new Set(intents.filter(isOfGrant).map(({ key }) => key));
      const subject = subjectOfWay(policy, cluster, { user, path: way.path });
      const own = all.filter((object) => gives(object, keys, subject)).map(nameOf);
      return [way, { keys, objects: own.sort() }];
    }),
  );
}

function intentsAround(
  policy: PolicyView,
  { uid }: PolicyCluster,
  ways: readonly ExplainedWay[],
): readonly Intent[] | undefined {
  const references = ways.flatMap(({ path }) => policy.familiesOf(path.grantUid));
  const roles = new Set(references.map(({ role }) => JSON.stringify(role)));
  const found: Intent[] = [];
  for (const entry of policy.entries(uid)) {
    if (entry.section === 'BINDING' && !roles.has(JSON.stringify(entry.role))) continue;
    if (found.push(entry) > mostEntries) return undefined;
  }
  return found;
}

function gives(
  { body, intents }: DesiredObject,
  keys: ReadonlySet<string>,
  subject: string,
): boolean {
  if (!('roleRef' in body)) return false;
  return (
    intents.some((key) => keys.has(key)) &&
    body.subjects?.some(({ name }) => name === subject) === true
  );
}

const nameOf = ({ body: { kind, metadata } }: DesiredObject): string =>
  [kind, metadata.namespace, metadata.name].filter((part) => part !== undefined).join('/');
