import type { WriteQuery } from '@ambit/contracts';
import { defined } from '@ambit/kernel';
import { auditActor, boundingRole } from '../../platform/actor.ts';
import type { Actor } from '../../platform/actor.ts';
import type { SourcedRequest } from './apply-documents.ts';

/** The part of a REST call that a commit needs. Its way in is the API, whatever the body says. */
export function writeRequest(
  call: { readonly actor: Actor; readonly requestId: string },
  query: WriteQuery = {},
): SourcedRequest {
  return {
    source: 'api',
    actor: auditActor(call.actor),
    ...defined({ role: boundingRole(call.actor) }),
    requestId: call.requestId,
    dryRun: query.dryRun === 'All',
    ...(query.confirmRemovals === undefined ? {} : { confirmRemovals: query.confirmRemovals }),
  };
}
