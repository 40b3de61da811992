import { apiVersionOf, servedResources } from './served-resources.ts';
import type { ServedResource } from './served-resources.ts';

/*
 * As much of OpenAPI v3 as kubectl reads before it writes: which kinds take `fieldValidation`, so that the server does
 * the validation. There are no schemas.
 */

export function answerOpenApi(path: string): object | undefined {
  if (path === '/openapi/v3') {
    const versions = [...new Set(servedResources.map(pathOfVersion))];
    return {
      paths: Object.fromEntries(
        versions.map((version) => [version, { serverRelativeURL: `/openapi/v3/${version}` }]),
      ),
    };
  }
  const wanted = path.replace(/^\/openapi\/v3\//, '');
  const resources = servedResources.filter((resource) => pathOfVersion(resource) === wanted);
  if (resources.length === 0) return undefined;
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: 'simulated' },
    paths: Object.fromEntries(
      resources.map((resource) => [pathOfObject(resource), { patch: patchOf(resource) }]),
    ),
  };
}

function patchOf({ group, version, kind }: ServedResource): object {
  const schema = { type: 'string' };
  return {
    parameters: [{ name: 'fieldValidation', in: 'query', schema }],
    responses: {},
    'x-kubernetes-action': 'patch',
    'x-kubernetes-group-version-kind': { group, version, kind },
  };
}

function pathOfVersion(resource: ServedResource): string {
  return `${resource.group === '' ? 'api' : 'apis'}/${apiVersionOf(resource)}`;
}

function pathOfObject(resource: ServedResource): string {
  const scope = resource.namespaced ? 'namespaces/{namespace}/' : '';
  return `/${pathOfVersion(resource)}/${scope}${resource.plural}/{name}`;
}
