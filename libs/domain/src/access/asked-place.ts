import type { AccessQuestion } from './access-answer.ts';

/** Requests that name no object: of them the API server does not know a namespace that they are about. */
const onMany: ReadonlySet<string> = new Set(['list', 'watch', 'create', 'deletecollection']);

/**
 * The namespace in which an API server looks for bindings when it is asked this; undefined for what only cluster-wide
 * ones give. An object of the cluster has none, whatever the question says, except one: a namespace lies in itself.
 */
export function askedNamespace(question: AccessQuestion): string | undefined {
  const { namespaced, path, apiGroup, resource, verb, name, namespace } = question;
  if (path === undefined && namespaced !== false) return namespace || undefined;
  if (path !== undefined || apiGroup !== '' || resource !== 'namespaces') return undefined;
  return onMany.has(verb) ? undefined : (name ?? namespace) || undefined;
}

/** True for what belongs to no namespace: only a cluster-wide grant gives it. */
export function isClusterScoped(question: AccessQuestion): boolean {
  return question.namespaced === false && askedNamespace(question) === undefined;
}

/** Where the answer to a question holds: `cluster-wide`, `in namespace payments`, `in every namespace`. */
export function askedPlace(question: AccessQuestion): string {
  const namespace = askedNamespace(question);
  if (namespace !== undefined) return `in namespace ${namespace}`;
  return question.namespaced === true ? 'in every namespace' : 'cluster-wide';
}
