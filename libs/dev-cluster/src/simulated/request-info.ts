import type { RequestAttributes } from '@ambit/rbac';
import { emptyResources, servedResources } from './served-resources.ts';
import type { ServedResource } from './served-resources.ts';

/** A request as Kubernetes' own resolver reads it (apiserver, pkg/endpoints/request/requestinfo.go). */
export interface RequestInfo {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`; else the method in lower case. */
  readonly verb: string;
  readonly isResource: boolean;
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly subresource: string;
  /** Empty for requests over the cluster; for a Namespace its own name. */
  readonly namespace: string;
  readonly name: string;
  /** Absent when the kind is not served. */
  readonly resource?: ServedResource;
}

/** Undefined when the path cannot be decoded. */
export function readRequestInfo(method: string, target: string): RequestInfo | undefined {
  const url = new URL(target, 'https://localhost');
  const parts = decodeSegments(url.pathname);
  if (parts === undefined) return undefined;
  const plain = {
    method,
    path: url.pathname,
    query: url.searchParams,
    verb: method.toLowerCase(),
    isResource: false,
    group: '',
    version: '',
    plural: '',
    subresource: '',
    namespace: '',
    name: '',
  };
  if (parts[0] === 'api' && parts.length >= 3) return resourceInfo(plain, '', parts.slice(1));
  if (parts[0] !== 'apis' || parts.length < 4) return plain;
  return resourceInfo(plain, parts[1] ?? '', parts.slice(2));
}

/** `segments`: the version and what is behind it. */
function resourceInfo(plain: RequestInfo, group: string, segments: readonly string[]): RequestInfo {
  const located = locate(segments.slice(1));
  const verb = verbOf(plain.method, located.name, plain.query);
  const selected = readsCollection(verb)
    ? nameInFieldSelector(plain.query.get('fieldSelector'))
    : '';
  const resource = [...servedResources, ...emptyResources].find(
    (served) => served.group === group && served.plural === located.plural,
  );
  return {
    ...plain,
    ...located,
    name: located.name || selected,
    verb,
    isResource: true,
    group,
    version: segments[0] ?? '',
    ...(resource === undefined ? {} : { resource }),
  };
}

type Located = Pick<RequestInfo, 'plural' | 'subresource' | 'namespace' | 'name'>;

/** The segments behind the version. Below a namespace, `finalize` and `status` belong to the Namespace itself. */
function locate(segments: readonly string[]): Located {
  if (segments[0] !== 'namespaces') return { ...inNamespace(segments), namespace: '' };
  const [namespace = '', third = ''] = segments.slice(1);
  if (third === '' || third === 'finalize' || third === 'status') {
    return { plural: 'namespaces', name: namespace, subresource: third, namespace };
  }
  return { ...inNamespace(segments.slice(2)), namespace };
}

function inNamespace(segments: readonly string[]): Omit<Located, 'namespace'> {
  const [plural = '', name = '', subresource = ''] = segments;
  return { plural, name, subresource };
}

function verbOf(method: string, name: string, query: URLSearchParams): string {
  const wantsWatch = ['true', '1'].includes(query.get('watch') ?? '');
  switch (method) {
    case 'GET':
    case 'HEAD':
      if (name !== '') return 'get';
      return wantsWatch ? 'watch' : 'list';
    case 'POST':
      return 'create';
    case 'PUT':
      return 'update';
    case 'PATCH':
      return 'patch';
    case 'DELETE':
      return name === '' ? 'deletecollection' : 'delete';
    default:
      return '';
  }
}

function readsCollection(verb: string): boolean {
  return verb === 'list' || verb === 'watch' || verb === 'deletecollection';
}

function nameInFieldSelector(text: string | null): string {
  return /^metadata\.name==?([^,]+)$/.exec(text ?? '')?.[1] ?? '';
}

function decodeSegments(path: string): string[] | undefined {
  try {
    return path
      .split('/')
      .filter((part) => part !== '')
      .map(decodeURIComponent);
  } catch {
    return undefined;
  }
}

/** What the authoriser is asked about the request. */
export function attributesOf(info: RequestInfo): RequestAttributes {
  if (!info.isResource) return { type: 'url', verb: info.verb, path: info.path };
  return {
    type: 'resource',
    verb: info.verb,
    apiGroup: info.group,
    resource: info.plural,
    subresource: info.subresource,
    name: info.name,
    namespace: info.namespace,
  };
}
