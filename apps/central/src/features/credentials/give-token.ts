import type { Clock, Ids } from '@ambit/kernel';
import type { UnitOfWork } from '@ambit/persistence';
import { auditActor, principalName } from '../../platform/actor.ts';
import type { Actor } from '../../platform/actor.ts';
import { timestamp } from '../../platform/object-response.ts';
import type { TokenIssuer } from '../issuer/public.ts';
import type { ClusterAdmission, CredentialCaller, GivenCredential } from './admission.ts';
import { requireMember } from './member-now.ts';
import { lifeOf, requireRunning, sessionOver } from './running-session.ts';

export interface GiveTokenPorts {
  readonly issuer: Pick<TokenIssuer, 'sign'>;
  readonly unitOfWork: UnitOfWork;
  readonly clock: Clock;
  readonly ids: Ids;
}

/** When a token lasts, in seconds since 1970. */
interface Lifetime {
  readonly issuedAt: number;
  readonly expiresAt: number;
}

/** Signs a token for a cluster. It leaves only when the audit trail has it, and the session runs at that very moment. */
export async function giveToken(
  ports: GiveTokenPorts,
  { actor, requestId }: CredentialCaller,
  { cluster, access, entrant, name, groups }: ClusterAdmission,
): Promise<GivenCredential> {
  const { issuer, ids, unitOfWork, clock } = ports;
  const { issuedAt, expiresAt } = lifetimeOf(actor, access, clock.now());
  const id = ids.uuid();
  const session = actor.credential.id;
  const { via } = access;
  const token = await issuer.sign({
    via,
    clusterUid: cluster.uid,
    subject: entrant.uid,
    name,
    groups,
    session,
    id,
    issuedAt,
    expiresAt,
  });
  await unitOfWork.run({ actor: auditActor(actor), requestId }, async (tx) => {
    // An end that comes after this one knows of the token, and tells the webhooks.
    if (via === 'Webhook') await tx.sessions.noteToken(session, expiresAt * 1000);
    await requireRunning(tx, session, clock);
    // A departure that comes after this one is of a later time than the token.
    await requireMember(tx, entrant, { cluster, groups });
    tx.audit.record({
      type: 'credential.issued',
      message: `${principalName(entrant)} got a token for cluster ${cluster.name}`,
      cluster: cluster.name,
      subjects: [name],
      details: {
        jti: id,
        session,
        via,
        ...(groups.length === 0 ? {} : { groups: groups.length }),
        expiresAt: timestamp(expiresAt * 1000),
      },
    });
  });
  return { credential: { token }, expiresAt: expiresAt * 1000 };
}

function lifetimeOf(actor: Actor, access: ClusterAdmission['access'], now: number): Lifetime {
  const issuedAt = Math.floor(now / 1000);
  const expiresAt = Math.floor((now + lifeOf(actor, access, now)) / 1000);
  if (expiresAt > issuedAt) return { issuedAt, expiresAt };
  throw sessionOver('The session is about to end.');
}
