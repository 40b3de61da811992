import { ambitAnnotations, rbacApiGroup, rbacApiVersion } from '@ambit/rbac';
import type { ObjectMeta, RbacObject, RbacSubject, RoleRef } from '@ambit/rbac';

type Labels = Readonly<Record<string, string>>;
type Place = Pick<RbacObject, 'kind'> & Pick<ObjectMeta, 'name' | 'namespace'>;

/** What of an object is not said by its key, in as little text as it takes. 0 stands for what is as usual. */
interface Packed {
  readonly u: string | undefined;
  readonly v: string | undefined;
  readonly l?: Labels | 0 | undefined;
  /** Identity, intents, end. */
  readonly a: readonly (string | null)[];
  readonly f?: readonly string[] | undefined;
  readonly d?: string | undefined;
  /** A binding: a text for users. */
  readonly s?: readonly (string | RbacSubject)[] | undefined;
  /** A binding: a text for a ClusterRole. */
  readonly r?: string | RoleRef;
  /** A role. */
  readonly o?: { readonly rules: unknown; readonly aggregationRule?: unknown };
}

/** The first two fields, where they hold nothing that JSON escapes. */
const versionPattern = /^\{"u":"([^"\\]*)","v":"([^"\\]*)"/;

const kept = [ambitAnnotations.identity, ambitAnnotations.intents, ambitAnnotations.notAfter];

/** As a short text; `usual` are the labels that nearly all objects carry. Annotations that are not compared are left out. */
export function packObject(object: RbacObject, usual: Labels): string {
  const { uid, resourceVersion, labels, annotations, finalizers, deletionTimestamp } =
    object.metadata;
  const packed: Packed = {
    u: uid,
    v: resourceVersion,
    l: sameLabels(labels, usual) ? 0 : labels,
    a: kept.map((name) => annotations?.[name] ?? null),
    f: finalizers,
    d: deletionTimestamp,
    ...contentOf(object),
  };
  return JSON.stringify(packed);
}

/** Uid and version of the object that was packed, without reading the rest of it. */
export function packedVersion(text: string): Pick<ObjectMeta, 'uid' | 'resourceVersion'> {
  const [, uid, resourceVersion] = versionPattern.exec(text) ?? [];
  if (uid !== undefined && resourceVersion !== undefined) return { uid, resourceVersion };
  const packed = JSON.parse(text) as Packed;
  return {
    ...(packed.u === undefined ? {} : { uid: packed.u }),
    ...(packed.v === undefined ? {} : { resourceVersion: packed.v }),
  };
}

/** The object that was packed; kind, namespace and name are those of its key. */
export function unpackObject(text: string, place: Place, usual: Labels): RbacObject {
  const packed = JSON.parse(text) as Packed;
  const head = {
    apiVersion: rbacApiVersion,
    kind: place.kind,
    metadata: metadataOf(packed, place, usual),
  };
  if (packed.r === undefined) return { ...head, ...packed.o } as RbacObject;
  const roleRef = typeof packed.r === 'string' ? clusterRole(packed.r) : packed.r;
  const subjects = packed.s?.map((subject) =>
    typeof subject === 'string' ? user(subject) : subject,
  );
  return { ...head, roleRef, ...(subjects === undefined ? {} : { subjects }) } as RbacObject;
}

function contentOf(object: RbacObject): Pick<Packed, 'o' | 'r' | 's'> {
  if (!('roleRef' in object)) {
    const { rules, aggregationRule } = object;
    return { o: { rules, aggregationRule } };
  }
  const { roleRef, subjects } = object;
  return { r: isUsualRole(roleRef) ? roleRef.name : roleRef, s: subjects?.map(packSubject) };
}

function packSubject(subject: RbacSubject): string | RbacSubject {
  const { kind, apiGroup, namespace, name } = subject;
  const usual = kind === 'User' && apiGroup === rbacApiGroup && namespace === undefined;
  return usual ? name : subject;
}

function isUsualRole({ apiGroup, kind }: RoleRef): boolean {
  return apiGroup === rbacApiGroup && kind === 'ClusterRole';
}

function metadataOf(
  { u, v, l, a, f, d }: Packed,
  { name, namespace }: Place,
  usual: Labels,
): ObjectMeta {
  const annotations = kept.flatMap((key, at) => {
    const value = a[at] ?? null;
    return value === null ? [] : [[key, value] as const];
  });
  return withoutHoles({
    name,
    namespace,
    uid: u,
    resourceVersion: v,
    labels: l === 0 ? usual : l,
    annotations: Object.fromEntries(annotations),
    finalizers: f,
    deletionTimestamp: d,
  }) as unknown as ObjectMeta;
}

function withoutHoles(value: object): object {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined));
}

function sameLabels(labels: Labels | undefined, usual: Labels): boolean {
  const names = Object.keys(labels ?? {});
  return (
    names.length === Object.keys(usual).length &&
    names.every((name) => labels?.[name] === usual[name])
  );
}

function clusterRole(name: string): RoleRef {
  return { apiGroup: rbacApiGroup, kind: 'ClusterRole', name };
}

function user(name: string): RbacSubject {
  return { kind: 'User', apiGroup: rbacApiGroup, name };
}
