/** Kind, namespace and name of an object as one text; unique, since no name of Kubernetes holds a slash. */
export type ObjectKey = string;

/** The key of an object; the namespace is empty for cluster-scoped kinds. */
export function objectKey(kind: string, namespace: string | undefined, name: string): ObjectKey {
  // Joined for the same reason as names are.
  return [kind, namespace ?? '', name].join('/');
}
