import { isKubeError } from '@ambit/kube';
import type { KubeError } from '@ambit/kube';
import type { ObjectKey, WriteRefused, WriteRetry } from '@ambit/rbac';

/** Answers that no repetition changes. */
const final: ReadonlySet<number> = new Set([400, 403, 404, 405, 413, 415, 422]);

/** What an error means for the write; undefined when the object has to be looked at first. */
export function outcomeOf(key: ObjectKey, error: unknown): WriteRetry | WriteRefused | undefined {
  if (!isKubeError(error)) return later({ message: String(error), uncertain: true });
  if (error.deniedByAdmission) return refused('kubernetes_refused', error.message);
  if (isOther(error)) return undefined;
  if (error.status === 404) return notFound(key, error);
  if (error.namespaceTerminating) {
    return refused('namespace_missing', 'its namespace is being deleted');
  }
  return final.has(error.status) || error.tooLarge
    ? refused('kubernetes_refused', error.message)
    : notNow(error);
}

function notNow({ status, message, retryAfterMs }: KubeError): WriteRetry {
  return {
    ...later({ message, uncertain: status === 0 || status >= 500 }),
    slowDown: status === 429 || status === 503,
    ...(retryAfterMs === undefined ? {} : { afterMs: retryAfterMs }),
  };
}

/** True when the object is not the one that was looked at: it has to be looked at again. */
export function isOther(error: KubeError): boolean {
  if (error.deniedByAdmission) return false;
  return error.status === 409 || isImmutable(error);
}

/** It has to be tried again. */
export function later(what: Pick<WriteRetry, 'message' | 'uncertain'>): WriteRetry {
  return { type: 'retry', reason: 'retrying', slowDown: false, ...what };
}

function refused(reason: WriteRefused['reason'], message: string): WriteRefused {
  return { type: 'refused', reason, message };
}

/** The answer to a patch whose uid is another's, and to a change of roleRef. */
function isImmutable(error: KubeError): boolean {
  return error.status === 422 && error.message.includes('immutable');
}

function notFound(key: ObjectKey, { details }: KubeError): ReturnType<typeof outcomeOf> {
  const { kind = '', name = '' } = details;
  if (kind === 'namespaces') return refused('namespace_missing', 'its namespace does not exist');
  const isTheRole = /^(cluster)?roles$/.test(kind) && !key.endsWith(`/${name}`);
  if (!isTheRole) return undefined;
  const message = `the role ${name} does not exist`;
  return { ...later({ message, uncertain: false }), reason: 'role_missing' };
}
