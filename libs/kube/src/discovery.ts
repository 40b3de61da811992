import type { ApiResource } from '@ambit/rbac';
import type { Caller } from './caller.ts';
import { isKubeError } from './kube-error.ts';

/** What an API server serves, and what it takes to ask whether that changed. */
export interface Discovery {
  /**
   * In the order in which kubectl prefers them: groups as the server lists them, of each the preferred version first.
   * Subresources follow their resource.
   */
  readonly resources: readonly ApiResource[];
  /** `GROUP/VERSION` of what the server lists and cannot describe now: an extension API server that is down. */
  readonly unread: readonly string[];
  readonly etags: Readonly<Record<string, string>>;
}

interface GroupDiscovery {
  readonly metadata?: { readonly name?: string };
  readonly versions?: readonly VersionDiscovery[];
}
interface VersionDiscovery {
  readonly version: string;
  readonly freshness?: string;
  readonly resources?: readonly AggregatedResource[];
}
interface AggregatedResource {
  readonly resource: string;
  readonly responseKind?: { readonly kind?: string } | null;
  readonly scope?: string;
  readonly singularResource?: string;
  readonly verbs?: readonly string[];
  readonly shortNames?: readonly string[];
  readonly subresources?: readonly {
    readonly subresource: string;
    readonly responseKind?: { readonly kind?: string } | null;
    readonly verbs?: readonly string[];
  }[];
}
interface PlainResource {
  readonly name: string;
  readonly singularName?: string;
  readonly namespaced?: boolean;
  readonly kind?: string;
  readonly verbs?: readonly string[];
  readonly shortNames?: readonly string[];
}
interface PlainGroup {
  readonly name: string;
  readonly versions?: readonly { readonly version: string }[];
  readonly preferredVersion?: { readonly version?: string };
}
interface Root {
  readonly kind?: string;
  readonly items?: readonly GroupDiscovery[];
  readonly versions?: readonly string[];
  readonly groups?: readonly PlainGroup[];
}

const aggregated = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
/** The order is that of preference; a server that knows none of the first two answers the plain lists. */
const accept = `${aggregated},${aggregated.replace('v=v2', 'v=v2beta1')},application/json`;
const roots = ['/api', '/apis'] as const;
/** Of a cluster with thousands of kinds of its own it is some megabytes. */
const mostBytes = 32 * 1024 * 1024;
const mostPlainAtOnce = 8;

/**
 * Reads what the server serves: in two calls where it knows aggregated discovery (1.27), else in one for each version of
 * each group. Undefined when nothing changed since `known`. Throws `KubeError`, 403 where discovery is not allowed.
 */
export async function readDiscovery(
  caller: Caller,
  known?: Discovery,
): Promise<Discovery | undefined> {
  const asked = await Promise.all(roots.map((path) => askRoot(caller, path, known?.etags[path])));
  if (asked.every((answer) => answer === 'unchanged')) return undefined;
  const parts: Part[] = [];
  const etags: Record<string, string> = {};
  for (const [index, path] of roots.entries()) {
    // One list alone may have changed: the other is asked for whole then.
    const first = asked[index];
    const answer = first === 'unchanged' ? await askRoot(caller, path) : first;
    if (answer === undefined || answer === 'unchanged') continue;
    if (answer.etag !== undefined) etags[path] = answer.etag;
    parts.push(await readRoot(caller, answer.body));
  }
  return {
    resources: parts.flatMap(({ resources }) => resources),
    unread: parts.flatMap(({ unread }) => unread),
    etags,
  };
}

type RootAnswer = { readonly body: Root; readonly etag?: string } | 'unchanged';
type Part = Pick<Discovery, 'resources' | 'unread'>;

async function askRoot(caller: Caller, path: string, etag?: string): Promise<RootAnswer> {
  try {
    const headers = { accept, ...(etag === undefined ? {} : { 'if-none-match': etag }) };
    const request = { method: 'GET', path, headers } as const;
    const answer = await caller.answer({ verb: 'probe', resource: '', request, mostBytes });
    const body = caller.parsed<Root>(answer.text);
    const given = answer.headers.etag;
    // Only of the aggregated list does the mark stand for all that is in it.
    return given === undefined || body.items === undefined ? { body } : { body, etag: given };
  } catch (error) {
    if (isKubeError(error, 304)) return 'unchanged';
    throw error;
  }
}

async function readRoot(caller: Caller, root: Root): Promise<Part> {
  if (root.items !== undefined) return readAggregated(root.items);
  const groups = root.groups ?? [{ name: '', versions: root.versions?.map(asVersion) ?? [] }];
  const versions = groups.flatMap((group) =>
    preferredFirst(group).map((version) => ({ group: group.name, version })),
  );
  const parts: Part[] = [];
  for (let at = 0; at < versions.length; at += mostPlainAtOnce) {
    const some = versions.slice(at, at + mostPlainAtOnce);
    parts.push(...(await Promise.all(some.map((each) => readPlain(caller, each)))));
  }
  return {
    resources: parts.flatMap(({ resources }) => resources),
    unread: parts.flatMap(({ unread }) => unread),
  };
}

const asVersion = (version: string): { version: string } => ({ version });

function preferredFirst({ versions = [], preferredVersion }: PlainGroup): string[] {
  const preferred = preferredVersion?.version;
  const names = versions.map(({ version }) => version);
  if (preferred === undefined || !names.includes(preferred)) return names;
  return [preferred, ...names.filter((name) => name !== preferred)];
}

function readAggregated(groups: readonly GroupDiscovery[]): Part {
  const resources: ApiResource[] = [];
  const unread: string[] = [];
  for (const { metadata, versions = [] } of groups) {
    const group = metadata?.name ?? '';
    for (const { version, freshness, resources: served = [] } of versions) {
      if (freshness === 'Stale' && served.length === 0) unread.push(groupVersion(group, version));
      for (const each of served) resources.push(...withSubresources(group, version, each));
    }
  }
  return { resources, unread };
}

function withSubresources(
  group: string,
  version: string,
  served: AggregatedResource,
): readonly ApiResource[] {
  const namespaced = served.scope === 'Namespaced';
  const place = { group, version, namespaced };
  return [
    {
      ...place,
      resource: served.resource,
      singular: served.singularResource ?? '',
      shortNames: served.shortNames ?? [],
      kind: served.responseKind?.kind ?? '',
      verbs: served.verbs ?? [],
    },
    ...(served.subresources ?? []).map(({ subresource, responseKind, verbs = [] }) => ({
      ...place,
      resource: `${served.resource}/${subresource}`,
      singular: '',
      shortNames: [],
      kind: responseKind?.kind ?? '',
      verbs,
    })),
  ];
}

async function readPlain(
  caller: Caller,
  { group, version }: { readonly group: string; readonly version: string },
): Promise<Part> {
  const path = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  const request = { method: 'GET', path } as const;
  try {
    const { text } = await caller.answer({ verb: 'probe', resource: '', request, mostBytes });
    const { resources = [] } = caller.parsed<{ resources?: readonly PlainResource[] }>(text);
    return { resources: resources.map((each) => fromPlain(group, version, each)), unread: [] };
  } catch (error) {
    // What an extension API server serves is not known while it is down, and the rest is.
    if (isKubeError(error) && (error.status >= 500 || error.status === 404)) {
      return { resources: [], unread: [groupVersion(group, version)] };
    }
    throw error;
  }
}

function fromPlain(group: string, version: string, served: PlainResource): ApiResource {
  return {
    group,
    version,
    resource: served.name,
    // Of a subresource the plain list gives the singular of its parent or none, as the release is.
    singular: served.name.includes('/') ? '' : (served.singularName ?? ''),
    shortNames: served.shortNames ?? [],
    kind: served.kind ?? '',
    namespaced: served.namespaced ?? false,
    verbs: served.verbs ?? [],
  };
}

const groupVersion = (group: string, version: string): string =>
  group === '' ? version : `${group}/${version}`;
