import { compareText } from '@ambit/kernel';
import type { KubeObject, KubeResource } from '@ambit/kube';
import { ambitAnnotations, ambitLabels, ownerLabels } from '@ambit/rbac';
import type { Owner, ProfileObject, ProfileObjectKind } from '@ambit/rbac';

/** An object with a spec, and a quota with what is used of it. */
export interface SpecObject extends KubeObject {
  readonly spec?: unknown;
  readonly status?: { readonly used?: Readonly<Record<string, string>> };
}

const inNamespaces = { version: 'v1', namespaced: true };

/** The kinds that a profile puts into namespaces. */
export const profileResources: Readonly<Record<ProfileObjectKind, KubeResource>> = {
  ResourceQuota: { ...inNamespaces, group: '', plural: 'resourcequotas', kind: 'ResourceQuota' },
  LimitRange: { ...inNamespaces, group: '', plural: 'limitranges', kind: 'LimitRange' },
  NetworkPolicy: {
    ...inNamespaces,
    group: 'networking.k8s.io',
    plural: 'networkpolicies',
    kind: 'NetworkPolicy',
  },
};

const identityOf = (kind: string, { namespace = '', name }: KubeObject['metadata']): string =>
  `profile/${kind}/${namespace}/${name}`;

/** An object of a profile as it is to stand in a namespace. Throws when its spec is no JSON. */
export function objectOf(
  { kind, name, spec }: ProfileObject,
  namespace: string,
  owner: Owner,
): SpecObject {
  const { group, version } = profileResources[kind];
  return {
    apiVersion: group === '' ? version : `${group}/${version}`,
    kind,
    metadata: {
      name,
      namespace,
      labels: ownerLabels(owner),
      annotations: { [ambitAnnotations.identity]: identityOf(kind, { namespace, name }) },
    },
    spec: JSON.parse(spec) as unknown,
  };
}

/** True for an object that says of itself that an agent of Ambit made it, there and under this name. */
export function isOurs(kind: ProfileObjectKind, { metadata }: KubeObject): boolean {
  return metadata.annotations?.[ambitAnnotations.identity] === identityOf(kind, metadata);
}

/** What of an object is ours to say, as one text: equal when nothing of it differs. */
export function formOf({ metadata, spec }: SpecObject): string {
  const labels = Object.values(ambitLabels).map((key) => metadata.labels?.[key] ?? '');
  return JSON.stringify([labels, metadata.annotations?.[ambitAnnotations.identity], sorted(spec)]);
}

/** A merge patch that makes the object what is wanted: what its spec has beside that is taken away. */
export function patchTo(live: SpecObject, wanted: SpecObject): object {
  const { uid, resourceVersion } = live.metadata;
  const { labels, annotations } = wanted.metadata;
  return {
    metadata: { uid, resourceVersion, labels, annotations },
    spec: replacing(live.spec, wanted.spec),
  };
}

/** A merge patch that lets go of an object: it stays as it is and nobody keeps it so. */
export function releasing({ metadata: { uid, resourceVersion, labels = {} } }: KubeObject): object {
  const ours = Object.values(ambitLabels).filter((key) => key in labels);
  const gone = Object.fromEntries(ours.map((key) => [key, null]));
  return { metadata: { uid, resourceVersion, labels: gone } };
}

/** Members that are not wanted become null; lists are replaced whole. */
function replacing(live: unknown, wanted: unknown): unknown {
  if (!isObject(live) || !isObject(wanted)) return wanted;
  const gone = Object.keys(live).filter((key) => !(key in wanted));
  return Object.fromEntries([
    ...gone.map((key) => [key, null]),
    ...Object.entries(wanted).map(([key, value]) => [key, replacing(live[key], value)]),
  ]) as unknown;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isObject(value)) return value;
  const members = Object.entries(value).sort(([a], [b]) => compareText(a, b));
  return Object.fromEntries(members.map(([key, each]) => [key, sorted(each)]));
}
