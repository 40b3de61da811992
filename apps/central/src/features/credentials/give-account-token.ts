import { decodeJwt } from 'jose';
import { principalInCluster } from '@ambit/domain';
import { AppError } from '@ambit/kernel';
import type { Clock, Ids, Millis } from '@ambit/kernel';
import type { UnitOfWork } from '@ambit/persistence';
import { auditActor, principalName } from '../../platform/actor.ts';
import { timestamp } from '../../platform/object-response.ts';
import type { AgentGave, AskAgents } from '../agent-gateway/public.ts';
import type { ClusterAdmission, CredentialCaller, GivenCredential } from './admission.ts';
import { lifeOf, requireRunning, sessionOver } from './running-session.ts';

export interface GiveAccountTokenPorts {
  readonly agents: Pick<AskAgents, 'ask'>;
  readonly unitOfWork: UnitOfWork;
  readonly clock: Clock;
  readonly ids: Ids;
}

/** Kubernetes makes no token of a ServiceAccount that lives shorter. */
const leastLifeMs: Millis = 600_000;
/** What clocks may differ by, and the making takes. */
const slackMs: Millis = 120_000;
const longestToken = 16 * 1024;

interface AccountToken {
  readonly token: string;
  /** As the API server's own audit log names it. */
  readonly id: string;
  readonly expiresAt: Millis;
}

/**
 * Has the agent of a cluster get a token of the ServiceAccount that stands for who asks. Throws `session_ended` for a session
 * that ends sooner than a token can, and what asking the agent throws.
 */
export async function giveAccountToken(
  { agents, unitOfWork, clock, ids }: GiveAccountTokenPorts,
  { actor, requestId }: CredentialCaller,
  { cluster, access, entrant, name }: ClusterAdmission,
): Promise<GivenCredential> {
  const lifeMs = lifeOf(actor, access, clock.now());
  if (lifeMs < leastLifeMs) {
    throw sessionOver('The session ends sooner than a token of a ServiceAccount can.');
  }
  const session = actor.credential.id;
  const answer = await agents.ask(cluster, {
    requestId: ids.uuid(),
    name: principalInCluster(cluster, entrant),
    principalUid: entrant.uid,
    sessionId: session,
    ttlSeconds: Math.floor(lifeMs / 1000),
    wanted: 'serviceAccountToken',
    serviceAccountToken: {},
  });
  const { token, id, expiresAt } = judged(answer, name, clock.now() + lifeMs);
  await unitOfWork.run({ actor: auditActor(actor), requestId }, async (tx) => {
    await requireRunning(tx, session, clock);
    tx.audit.record({
      type: 'credential.issued',
      message: `${principalName(entrant)} got a token of a ServiceAccount for cluster ${cluster.name}`,
      cluster: cluster.name,
      subjects: [name],
      details: { credential: id, session, expiresAt: timestamp(expiresAt) },
    });
  });
  return { credential: { token }, expiresAt };
}

/** An agent that answers something else gets nobody to use it. */
function judged(answer: AgentGave, user: string, mostUntil: Millis): AccountToken {
  if (answer.answer !== 'token' || answer.token.length > longestToken) {
    throw wrong('It is no token.');
  }
  const { token } = answer;
  const { sub, jti, exp } = claimsOf(token);
  if (sub !== user) throw wrong('It is for another user.');
  if (jti === undefined || exp === undefined) throw wrong('It lacks an id or an end.');
  const expiresAt = exp * 1000;
  if (expiresAt > mostUntil + slackMs) throw wrong('It lasts longer.');
  return { token, id: `JTI=${jti}`, expiresAt };
}

function claimsOf(token: string): ReturnType<typeof decodeJwt> {
  try {
    return decodeJwt(token);
  } catch {
    throw wrong('It cannot be read.');
  }
}

const wrong = (why: string): AppError =>
  new AppError('credential_refused', 'The agent answered another token than was asked for.', {
    why,
  });
