import { didYouMean } from '@ambit/kernel';
import { apiGroupMistake } from '../evaluate/policy-rule-problems.ts';
import type { ApiResource } from './api-resource.ts';
import { kubernetesResources } from './kubernetes-resources.ts';
import { ResourceCatalog, qualifiedResource } from './resource-catalog.ts';
import { virtualResource, virtualSubresources } from './virtual-resources.ts';

/** What somebody asks about, in the words they used. */
export interface ResourceQuestion {
  /**
   * Any form kubectl takes: `pods`, `pod`, `po`, `Deployment`, `deployments.apps`, `deployments.v1.apps`, `pods/log`,
   * `pods/NAME`, `*`, or a path such as `/healthz`.
   */
  readonly text: string;
  /** The resource is one of exactly this group; the empty text is the core group. */
  readonly apiGroup?: string | undefined;
  /** What stands behind a slash in the text is a name then. */
  readonly subresource?: string | undefined;
  /** What stands behind a slash in the text is a subresource then. */
  readonly name?: string | undefined;
}

/** What a text means in one cluster. */
export type AccessTarget =
  | { readonly type: 'url'; readonly path: string }
  | {
      readonly type: 'resource';
      readonly apiGroup: string;
      readonly resource: string;
      readonly subresource?: string;
      readonly name?: string;
      /** Undefined for a wildcard, and for what nobody could check. */
      readonly namespaced: boolean | undefined;
      /** `served`: the cluster said so. `kubernetes`: it never said, and Kubernetes itself has it. `unknown`: neither. */
      readonly basis: 'served' | 'kubernetes' | 'unknown';
      /** Empty when it is not known. */
      readonly verbs: readonly string[];
    };

export type ResolvedTarget =
  | { readonly ok: true; readonly target: AccessTarget }
  | {
      readonly ok: false;
      /** `syntax`: no cluster could serve it. `unserved`: this one does not. */
      readonly reason: 'syntax' | 'unserved';
      /** What is the matter, to follow the name of the cluster: `serves no resource "foo"`. */
      readonly message: string;
      readonly suggestions: readonly string[];
    };

type Found = Extract<AccessTarget, { type: 'resource' }>;
type Refusal = Extract<ResolvedTarget, { ok: false }>;

const builtIn = new ResourceCatalog(kubernetesResources);
const typePattern = /^(?:\*|[a-z0-9](?:[a-z0-9-]*))(?:\.[a-z0-9*.-]*)?$/i;

/**
 * What a text means in a cluster that serves `catalog`; without one, what Kubernetes itself means by it. A name that
 * the cluster does not serve is refused with what may have been meant.
 */
export function resolveTarget(asked: ResourceQuestion, catalog?: ResourceCatalog): ResolvedTarget {
  const { text } = asked;
  if (text.startsWith('/')) return urlTarget(asked);
  const slash = text.indexOf('/');
  const type = slash < 0 ? text : text.slice(0, slash);
  const tail = slash < 0 ? undefined : text.slice(slash + 1);
  const mistake = mistakeIn(asked, type, tail);
  if (mistake !== undefined) return refuse('syntax', mistake);
  const parts = { tail, subresource: asked.subresource, name: asked.name };
  const found = isWildcard(type)
    ? undefined
    : findResource(type, asked.apiGroup, catalog ?? builtIn);
  return found === undefined
    ? otherTarget({ type, apiGroup: asked.apiGroup, parts }, catalog)
    : servedTarget(found, parts, catalog);
}

/** Why no cluster could serve what is written; undefined when one may. */
function mistakeIn(
  { text, apiGroup }: ResourceQuestion,
  type: string,
  tail: string | undefined,
): string | undefined {
  if (!typePattern.test(type) || tail === '') {
    return `"${text}" is not a resource: write RESOURCE, RESOURCE.GROUP, RESOURCE/SUBRESOURCE or RESOURCE/NAME`;
  }
  const group = apiGroup ?? (type.startsWith('*.') ? type.slice(2) : '');
  return apiGroupMistake(group)?.message;
}

interface Words {
  readonly type: string;
  readonly apiGroup: string | undefined;
  readonly parts: Parts;
}

/** What no discovery lists. */
function otherTarget(
  { type, apiGroup, parts }: Words,
  catalog: ResourceCatalog | undefined,
): ResolvedTarget {
  if (isWildcard(type)) return tailed(wildcardTarget(type, apiGroup), parts);
  const virtual = virtualResource(type, apiGroup);
  if (virtual !== undefined) {
    const outside = { namespaced: false, basis: 'served', verbs: [] } as const;
    return tailed({ type: 'resource', ...virtual, ...outside }, parts);
  }
  if (catalog === undefined) return tailed(unknownTarget(type, apiGroup), parts);
  const where = apiGroup ? `${type}.${apiGroup}` : type;
  return refuse('unserved', `serves no resource "${where}"`, catalog.suggest(where));
}

const isWildcard = (type: string): boolean => type === '*' || type.startsWith('*.');

function urlTarget({ text, apiGroup, subresource, name }: ResourceQuestion): ResolvedTarget {
  if (apiGroup || subresource !== undefined || name !== undefined) {
    return refuse('syntax', `the path ${text} has no group, subresource or name`);
  }
  return { ok: true, target: { type: 'url', path: text } };
}

function findResource(
  type: string,
  apiGroup: string | undefined,
  catalog: ResourceCatalog,
): ApiResource | undefined {
  if (apiGroup === undefined || apiGroup === '*') return catalog.find(type);
  return catalog.findIn(apiGroup, type);
}

/** Every resource: of all groups, unless one is named. */
function wildcardTarget(type: string, apiGroup: string | undefined): Found {
  const group = apiGroup ?? (type === '*' ? '*' : type.slice(2).toLowerCase());
  return {
    type: 'resource',
    apiGroup: group,
    resource: '*',
    namespaced: undefined,
    basis: 'served',
    verbs: [],
  };
}

function unknownTarget(type: string, apiGroup: string | undefined): Found {
  const [resource = '', ...group] = type.toLowerCase().split('.');
  return {
    type: 'resource',
    apiGroup: apiGroup ?? group.join('.'),
    resource,
    namespaced: undefined,
    basis: 'unknown',
    verbs: [],
  };
}

interface Parts {
  readonly tail: string | undefined;
  readonly subresource: string | undefined;
  readonly name: string | undefined;
}

/** Where nobody knows the subresources, one is what stands behind the slash. */
function tailed(found: Found, { tail, subresource, name }: Parts): ResolvedTarget {
  if (tail === undefined) return target(found, subresource, name);
  if (subresource === undefined) return target(found, tail, name);
  return name === undefined ? target(found, subresource, tail) : twice(found);
}

function servedTarget(
  found: ApiResource,
  parts: Parts,
  catalog: ResourceCatalog | undefined,
): ResolvedTarget {
  const by = catalog ?? builtIn;
  const resource: Found = {
    type: 'resource',
    apiGroup: found.group,
    resource: found.resource,
    namespaced: found.namespaced,
    basis: catalog === undefined ? 'kubernetes' : 'served',
    verbs: by.verbsOf(found),
  };
  // Most questions are about neither a subresource nor an object.
  if (parts.tail === undefined && parts.subresource === undefined) {
    return target(resource, undefined, parts.name);
  }
  const known = new Map<string, ReadonlySet<string>>([
    ...virtualSubresources(found).map((name) => [name, new Set<string>()] as const),
    ...by.subresourcesOf(found),
  ]);
  return withParts({ resource, label: qualifiedResource(found), known }, parts);
}

function withParts(of: WithSubresources, { tail, subresource, name }: Parts): ResolvedTarget {
  if (subresource !== undefined) {
    if (tail !== undefined && name !== undefined) return twice(of.resource);
    return withSubresource(of, subresource, name ?? tail);
  }
  if (tail === undefined) return target(of.resource, undefined, name);
  const meant = of.known.has(tail) || tail === '*' || name !== undefined;
  return meant ? withSubresource(of, tail, name) : namedOrMistyped(of, tail);
}

interface WithSubresources {
  readonly resource: Found;
  readonly label: string;
  readonly known: ReadonlyMap<string, ReadonlySet<string>>;
}

function withSubresource(
  { resource, label, known }: WithSubresources,
  subresource: string,
  name: string | undefined,
): ResolvedTarget {
  const verbs = known.get(subresource);
  if (verbs !== undefined) return target({ ...resource, verbs: [...verbs] }, subresource, name);
  if (subresource === '*') return target({ ...resource, verbs: [] }, subresource, name);
  const near = didYouMean(subresource, known.keys()).map((each) => `${label}/${each}`);
  return refuse('unserved', `serves no subresource "${subresource}" of ${label}`, near);
}

/** `pods/web-0` is the pod of that name, as kubectl has it; `pods/logs` is more likely a slip, and never answered as a pod. */
function namedOrMistyped(of: WithSubresources, tail: string): ResolvedTarget {
  const near = didYouMean(tail.toLowerCase(), of.known.keys());
  if (near.length === 0 && !tail.includes('/')) return target(of.resource, undefined, tail);
  return refuse(
    'unserved',
    `serves no subresource "${tail}" of ${of.label}; for an object of that name say so with --name ${tail}`,
    near.map((each) => `${of.label}/${each}`),
  );
}

function target(
  found: Found,
  subresource: string | undefined,
  name: string | undefined,
): ResolvedTarget {
  return {
    ok: true,
    target: {
      ...found,
      ...(subresource === undefined ? {} : { subresource }),
      ...(name === undefined ? {} : { name }),
    },
  };
}

const twice = ({ resource }: Found): Refusal =>
  refuse('syntax', `the name of the ${resource} is given twice`);

function refuse(
  reason: Refusal['reason'],
  message: string,
  suggestions: readonly string[] = [],
): Refusal {
  return { ok: false, reason, message, suggestions };
}
