import type { WriteQuery } from '@ambit/contracts';
import { auditActor } from '../../platform/actor.ts';
import type { Actor } from '../../platform/actor.ts';
import type { CommitRequest } from './commit-policy.ts';

/** The part of a REST call that a commit needs. */
export function writeRequest(
  call: { readonly actor: Actor; readonly requestId: string },
  query: WriteQuery = {},
): CommitRequest {
  return {
    actor: auditActor(call.actor),
    role: call.actor.role,
    requestId: call.requestId,
    dryRun: query.dryRun === 'All',
    ...(query.confirmRemovals === undefined ? {} : { confirmRemovals: query.confirmRemovals }),
  };
}
