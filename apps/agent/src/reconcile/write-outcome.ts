import { isKubeError } from '@ambit/kube';
import type { KubeError } from '@ambit/kube';
import type { ObjectKey, RbacObject } from '@ambit/rbac';

/** What became of one write. */
export type Outcome =
  | DoneOutcome
  /** Somebody was faster: this is how it stands. */
  | { readonly type: 'lookAgain'; readonly object?: RbacObject }
  /** The role may not be narrowed. It gives nothing now; its bindings have to go, and then it. */
  | { readonly type: 'condemned'; readonly object: RbacObject }
  | RetryOutcome
  | RefusedOutcome;

/** `object` as it stands now; absent when it is gone. */
export interface DoneOutcome {
  readonly type: 'done';
  readonly object?: RbacObject;
  readonly finalizersRemoved?: readonly string[];
}

/** It may go through later by itself. */
export interface RetryOutcome {
  readonly type: 'retry';
  readonly reason: 'retrying' | 'role_missing';
  readonly message: string;
  readonly afterMs?: number;
  /** The API server asked for less. */
  readonly slowDown: boolean;
  /** No answer came, so it may have happened. */
  readonly uncertain: boolean;
}

/** It goes through only when something else changes. */
export interface RefusedOutcome {
  readonly type: 'refused';
  readonly reason: 'kubernetes_refused' | 'namespace_missing';
  readonly message: string;
}

/** Answers that no repetition changes. */
const final: ReadonlySet<number> = new Set([400, 403, 404, 405, 413, 415, 422]);

/** What an error means for the write; undefined when the object has to be looked at first. */
export function outcomeOf(
  key: ObjectKey,
  error: unknown,
): RetryOutcome | RefusedOutcome | undefined {
  if (!isKubeError(error)) return later({ message: String(error), uncertain: true });
  if (error.status === 409 || isImmutable(error)) return undefined;
  if (error.status === 404) return notFound(key, error);
  if (error.namespaceTerminating) {
    return refused('namespace_missing', 'its namespace is being deleted');
  }
  return final.has(error.status) || error.tooLarge
    ? refused('kubernetes_refused', error.message)
    : notNow(error);
}

function notNow({ status, message, retryAfterMs }: KubeError): RetryOutcome {
  return {
    ...later({ message, uncertain: status === 0 || status >= 500 }),
    slowDown: status === 429 || status === 503,
    ...(retryAfterMs === undefined ? {} : { afterMs: retryAfterMs }),
  };
}

/** It has to be tried again. */
export function later(what: Pick<RetryOutcome, 'message' | 'uncertain'>): RetryOutcome {
  return { type: 'retry', reason: 'retrying', slowDown: false, ...what };
}

function refused(reason: RefusedOutcome['reason'], message: string): RefusedOutcome {
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
