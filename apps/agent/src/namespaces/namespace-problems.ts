import { isKubeError } from '@ambit/kube';
import type { ObjectProblem } from '../reconcile/apply-tracker.ts';

/** Why something of a namespace is not as its profile says; `terminal`: only another cause than time can change it. */
export interface NamespaceProblem {
  readonly reason: string;
  readonly message: string;
  /** `KIND/NAMESPACE/NAME` or `KIND/NAME`. */
  readonly object: string;
  readonly terminal: boolean;
}

/** A problem that only somebody else can solve. */
export function lasting(reason: string, object: string, message: string): NamespaceProblem {
  return { reason, object, message, terminal: true };
}

/** What a call that failed says; throws again what is no answer of Kubernetes. */
export function problemOf(error: unknown, object: string): NamespaceProblem {
  if (!isKubeError(error)) throw error;
  const { message } = error;
  if (error.namespaceTerminating)
    return lasting('namespace_missing', object, 'the namespace is being deleted');
  // Somebody else was faster: what stands there now is looked at next.
  const passing = error.retryable || error.status === 409 || error.status === 404;
  return passing
    ? { reason: 'retrying', object, message, terminal: false }
    : lasting('kubernetes_refused', object, message);
}

/** The problem as the report of a revision has it. */
export function toObjectProblem(
  { reason, message, object }: NamespaceProblem,
  intent: string,
  namespace: string,
): ObjectProblem {
  return {
    intents: [intent],
    reason,
    message,
    object,
    namespace,
    subjects: [],
    moreSubjects: 0,
    changedBy: '',
    binds: '',
  };
}
