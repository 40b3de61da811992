import type { IntentProblem } from './cluster-status.ts';

type Told = Pick<
  IntentProblem,
  'reason' | 'message' | 'namespace' | 'object' | 'effect' | 'changedBy'
>;

/** Words with which Kubernetes says that the agent itself lacks a right. */
const lacksRights =
  /attempting to grant|not currently held|cannot (create|delete|patch|update|bind|escalate|get|list)\b/i;

/** What somebody can do about a problem of a cluster, as one sentence or command; never empty. */
export function nextStepOf(problem: Told, cluster: string): string {
  const { reason, message, namespace = 'NAMESPACE' } = problem;
  switch (reason) {
    case 'ceiling_refused':
      return `the owner of ${cluster} can allow it in the ceiling of its agent (--ceiling FILE)`;
    case 'not_yet_active':
      return `its start has come by the clock of central: set the clock of the machine of the agent of ${cluster}`;
    case 'namespace_missing':
      return `kubectl create namespace ${namespace}; it comes into force by itself then`;
    case 'role_missing':
      return `make the role in ${cluster}; it comes into force by itself then`;
    case 'foreign_object':
      return `${objectCommand(problem.object)}; when that object is gone, ours takes its place`;
    case 'held':
      return problem.effect === 'lacks'
        ? `ambit cluster release-gains ${cluster}`
        : `ambit cluster release-removals ${cluster}`;
    case 'contended':
      return `find out why ${problem.changedBy || 'somebody'} keeps changing ${problem.object ?? 'it'}; it is tried again by itself`;
    case 'not_understood':
      return `update the agent of ${cluster}`;
    case 'other':
    case 'retrying':
      return `it is tried again by itself: ambit cluster status ${cluster}`;
    case 'kubernetes_refused':
      return lacksRights.test(message)
        ? 'give the agent its rights: ambit-agent print-rbac --ceiling FILE | kubectl apply -f -'
        : `find out what refuses it in ${cluster} (admission, quota); it is tried again by itself`;
  }
}

/** `kubectl get rolebinding NAME -n NAMESPACE` of KIND/NAMESPACE/NAME. */
function objectCommand(object = ''): string {
  const [kind = '', ...rest] = object.split('/');
  const name = rest.at(-1);
  if (name === undefined) return 'look at the object that stands there';
  const place = rest.length > 1 ? ` -n ${rest[0] ?? ''}` : '';
  return `kubectl get ${kind.toLowerCase()} ${name}${place}`;
}
