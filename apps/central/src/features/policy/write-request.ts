import { findPolicyKind } from '@ambit/contracts';
import type { PolicyKindName, WriteQuery } from '@ambit/contracts';
import { AppError, defined } from '@ambit/kernel';
import type { NamedReference } from '@ambit/persistence';
import { auditActor, boundingRole, boundingTeams } from '../../platform/actor.ts';
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
    mayRead: (kind) => teamsReadBy(call.actor, kind) === undefined,
  };
}

/** The teams by which the caller is bounded in reading a kind; undefined for who reads all of it. */
export function teamsReadBy(
  actor: Actor,
  kind: PolicyKindName,
): readonly NamedReference[] | undefined {
  const contract = findPolicyKind(kind);
  if (contract === undefined) throw new AppError('internal', `${kind} is no kind of the policy.`);
  return boundingTeams(actor, `${contract.plural}:read`);
}
