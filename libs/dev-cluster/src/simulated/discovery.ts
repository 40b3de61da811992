import { reviewKinds } from './reviews.ts';
import { apiVersionOf, servedResources } from './served-resources.ts';
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
const groups = [...new Set([...servedResources, ...reviewKinds].map(({ group }) => group))].filter(
  (group) => group !== '',
);

/** What clients ask first: versions, groups and kinds. Undefined for other paths. */
export function answerDiscovery(path: string): object | undefined {
  const trimmed = path.replace(/\/$/, '');
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
  const stored = servedResources.filter((resource) => resource.group === group).map(describeStored);
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

function describeStored(resource: ServedResource): object {
  const { plural, singular, namespaced, kind, shortNames } = resource;
  return {
    name: plural,
    singularName: singular,
    namespaced,
    kind,
    verbs: storedVerbs,
    ...(shortNames === undefined ? {} : { shortNames }),
  };
}
