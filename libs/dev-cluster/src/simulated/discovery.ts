import { reviewKinds } from './reviews.ts';
import { apiVersionOf, emptyResources, servedResources } from './served-resources.ts';
import type { ServedResource } from './served-resources.ts';

/** Version of the Kubernetes whose behaviour is simulated. */
export const simulatedVersion = 'v1.36.2';

const storedVerbs = [
  'create',
  'delete',
  'deletecollection',
  'get',
  'list',
  'patch',
  'update',
  'watch',
];
const told = [...servedResources, ...emptyResources];
const groups = [...new Set([...told, ...reviewKinds].map(({ group }) => group))].filter(
  (group) => group !== '',
);

/** The type of answers that hold everything at once; clients tell them from the plain ones by it. */
export const aggregatedType =
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

/**
 * What clients ask first: versions, groups and kinds; all of it in two answers for a client that accepts that.
 * Undefined for other paths.
 */
export function answerDiscovery(path: string, accept: string): object | undefined {
  const trimmed = path.replace(/\/$/, '');
  if (accept.includes(aggregatedType)) {
    if (trimmed === '/api') return aggregatedList(['']);
    if (trimmed === '/apis') return aggregatedList(groups);
  }
  switch (trimmed) {
    case '/version':
      return {
        major: '1',
        minor: '36',
        gitVersion: simulatedVersion,
        gitCommit: '',
        gitTreeState: '',
        buildDate: '1970-01-01T00:00:00Z',
        goVersion: '',
        compiler: '',
        platform: 'simulated',
      };
    case '/api':
      return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] };
    case '/apis':
      return { kind: 'APIGroupList', apiVersion: 'v1', groups: groups.map(describeGroup) };
    case '/api/v1':
      return resourceList('');
    default:
      return groupAnswer(trimmed);
  }
}

function groupAnswer(path: string): object | undefined {
  const [, group, version] = /^\/apis\/([^/]+)(\/v1)?$/.exec(path) ?? [];
  if (group === undefined || !groups.includes(group)) return undefined;
  return version === undefined
    ? { kind: 'APIGroup', apiVersion: 'v1', ...describeGroup(group) }
    : resourceList(group);
}

function describeGroup(name: string): object {
  const version = { groupVersion: `${name}/v1`, version: 'v1' };
  return { name, versions: [version], preferredVersion: version };
}

function resourceList(group: string): object {
  const stored = told.filter((resource) => resource.group === group).flatMap(describeStored);
  const reviews = reviewKinds
    .filter((review) => review.group === group)
    .map(({ plural, kind, namespaced }) => ({
      name: plural,
      singularName: kind.toLowerCase(),
      namespaced,
      kind,
      verbs: ['create'],
    }));
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: apiVersionOf({ group, version: 'v1' }),
    resources: [...stored, ...reviews],
  };
}

function describeStored(resource: ServedResource): object[] {
  const { plural, singular, namespaced, kind, shortNames, subresources = [] } = resource;
  return [
    {
      name: plural,
      singularName: singular,
      namespaced,
      kind,
      verbs: storedVerbs,
      ...(shortNames === undefined ? {} : { shortNames }),
    },
    ...subresources.map((subresource) => ({
      name: `${plural}/${subresource.name}`,
      singularName: '',
      namespaced,
      kind: subresource.kind,
      verbs: subresource.verbs,
    })),
  ];
}

function aggregatedList(named: readonly string[]): object {
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: 'apidiscovery.k8s.io/v2',
    metadata: {},
    items: named.map((name) => ({
      metadata: name === '' ? {} : { name },
      versions: [{ version: 'v1', freshness: 'Current', resources: aggregatedResources(name) }],
    })),
  };
}

function aggregatedResources(group: string): object[] {
  const responseKind = (kind: string) => ({ group, version: 'v1', kind });
  const scope = (namespaced: boolean) => (namespaced ? 'Namespaced' : 'Cluster');
  const stored = told.filter((resource) => resource.group === group);
  const reviews = reviewKinds.filter((review) => review.group === group);
  return [
    ...stored.map(({ plural, singular, namespaced, kind, shortNames, subresources }) => ({
      resource: plural,
      responseKind: responseKind(kind),
      scope: scope(namespaced),
      singularResource: singular,
      verbs: storedVerbs,
      ...(shortNames === undefined ? {} : { shortNames }),
      ...(subresources === undefined
        ? {}
        : {
            subresources: subresources.map(({ name, verbs, ...each }) => ({
              subresource: name,
              responseKind: responseKind(each.kind),
              verbs,
            })),
          }),
    })),
    ...reviews.map(({ plural, kind, namespaced }) => ({
      resource: plural,
      responseKind: responseKind(kind),
      scope: scope(namespaced),
      singularResource: kind.toLowerCase(),
      verbs: ['create'],
    })),
  ];
}
