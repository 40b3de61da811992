import type { Credential } from '@ambit/contracts';
import { heldAccess, nameInCluster } from '@ambit/domain';
import type { ClusterWayIn, Entrant, PolicyCluster } from '@ambit/domain';
import { AppError, defined, isAppError, readDuration } from '@ambit/kernel';
import type { Clock, Ids } from '@ambit/kernel';
import type { Meters, centralMetrics } from '@ambit/observability';
import type { Transaction, UnitOfWork } from '@ambit/persistence';
import { auditActor, principalName } from '../../platform/actor.ts';
import type { Actor } from '../../platform/actor.ts';
import { timestamp } from '../../platform/object-response.ts';
import type { PolicyWorld } from '../desired-state/public.ts';
import type { TokenIssuer } from '../issuer/public.ts';
import { refusalOf } from '../sessions/public.ts';
import { IssueRate } from './issue-rate.ts';

export interface IssuePorts {
  readonly world: PolicyWorld;
  readonly issuer: Pick<TokenIssuer, 'sign'>;
  readonly unitOfWork: UnitOfWork;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly meters: Pick<
    Meters<typeof centralMetrics>,
    'credentialsIssued' | 'credentialIssueDuration'
  >;
}

interface Caller {
  readonly actor: Actor;
  readonly requestId: string;
}

type Access = ClusterWayIn & { readonly credential: 'Token' };

/** Where somebody is let in, and as whom. */
interface Admission {
  readonly cluster: PolicyCluster;
  readonly access: Access;
  readonly entrant: Entrant;
}

/** When a token lasts, in seconds since 1970. */
interface Lifetime {
  readonly issuedAt: number;
  readonly expiresAt: number;
}

/** Gives who came in what the API server of a cluster takes, for a short while. */
export class IssueCredential {
  readonly #ports: IssuePorts;
  readonly #rate = new IssueRate();

  constructor(ports: IssuePorts) {
    this.#ports = ports;
  }

  /**
   * Throws `permission_denied` for an API token, `rate_limited`, `no_access` for who holds nothing there now (also where there
   * is no such cluster), `access_off` for a cluster that nobody gets into through us, `session_ended` in its last second.
   */
  async execute(caller: Caller, cluster: string): Promise<Credential> {
    const { meters, clock } = this.#ports;
    const started = clock.monotonic();
    try {
      const credential = await this.#issue(caller, cluster);
      meters.credentialsIssued.inc({ type: 'token', result: 'issued' });
      meters.credentialIssueDuration.observe((clock.monotonic() - started) / 1000);
      return credential;
    } catch (error) {
      const result = isAppError(error) ? error.code : 'internal';
      meters.credentialsIssued.inc({ type: 'token', result });
      throw error;
    }
  }

  async #issue({ actor, requestId }: Caller, name: string): Promise<Credential> {
    const entrant = entrantOf(actor);
    await this.#rate.count(entrant.uid);
    const admission = await this.#admit(entrant, name);
    const { cluster, access } = admission;
    const lifetime = lifetimeOf(actor, access, this.#ports.clock.now());
    const token = await this.#signed(actor, requestId, admission, lifetime);
    const { server, caData } = access;
    return {
      kind: 'Credential',
      cluster: cluster.name,
      ...defined({ server, caData }),
      token,
      expiresAt: timestamp(lifetime.expiresAt * 1000),
      user: nameInCluster(cluster, entrant),
    };
  }

  async #admit(entrant: Entrant, name: string): Promise<Admission> {
    const { world, clock } = this.#ports;
    await world.whole();
    const { policy } = world;
    const cluster = policy.byName('Cluster', name);
    // Who holds nothing there is not told whether there is such a cluster.
    if (cluster?.kind !== 'Cluster') throw noAccess(entrant, name);
    const held = heldAccess(policy, entrant, { clusterUid: cluster.uid, now: clock.now() });
    if (held.length === 0) throw noAccess(entrant, name);
    return { cluster, access: openAccess(cluster), entrant };
  }

  /** It leaves only when the audit trail has it, and the session runs at that very moment. */
  async #signed(
    actor: Actor,
    requestId: string,
    { cluster, access, entrant }: Admission,
    { issuedAt, expiresAt }: Lifetime,
  ): Promise<string> {
    const { issuer, ids, unitOfWork } = this.#ports;
    const id = ids.uuid();
    const session = actor.credential.id;
    const name = nameInCluster(cluster, entrant);
    const { via } = access;
    const token = await issuer.sign({
      via,
      clusterUid: cluster.uid,
      subject: entrant.uid,
      name,
      session,
      id,
      issuedAt,
      expiresAt,
    });
    await unitOfWork.run({ actor: auditActor(actor), requestId }, async (tx) => {
      // An end that comes after this one knows of the token, and tells the webhooks.
      if (via === 'Webhook') await tx.sessions.noteToken(session, expiresAt * 1000);
      await this.#requireRunning(tx, session);
      tx.audit.record({
        type: 'credential.issued',
        message: `${principalName(entrant)} got a token for cluster ${cluster.name}`,
        cluster: cluster.name,
        subjects: [name],
        details: { jti: id, session, via, expiresAt: timestamp(expiresAt * 1000) },
      });
    });
    return token;
  }

  async #requireRunning(tx: Transaction, id: string): Promise<void> {
    const session = await tx.sessions.find(id);
    if (session === undefined) throw over('The session is not there any more.');
    const refusal = refusalOf(session, this.#ports.clock);
    if (refusal !== undefined) throw refusal;
  }
}

function entrantOf({ principal }: Actor): Entrant {
  if (principal.kind !== 'token') return principal;
  throw new AppError('permission_denied', 'An API token gets no credential of a cluster.', {
    why: `The token ${principal.name} stands for no person and no program that a grant could name.`,
    hint: 'Sign in as a person, or exchange the token of a pipeline for a session.',
    nextCommand: 'ambit login',
  });
}

/** Never beyond the end of the session. */
function lifetimeOf({ expiresAt: sessionEnd }: Actor, { ttl }: Access, now: number): Lifetime {
  const issuedAt = Math.floor(now / 1000);
  const lasts = (readDuration(ttl) ?? 0) / 1000;
  const expiresAt = Math.min(issuedAt + lasts, Math.floor((sessionEnd ?? now) / 1000));
  if (expiresAt > issuedAt) return { issuedAt, expiresAt };
  throw over('The session is about to end.');
}

const over = (message: string): AppError =>
  new AppError('session_ended', message, { nextCommand: 'ambit login' });

function openAccess({ name, access }: PolicyCluster): Access {
  if (access?.credential === 'Token') return { ...access, credential: access.credential };
  throw new AppError('access_off', `Nobody gets into ${name} through Ambit.`, {
    why: 'The cluster says nothing of how people get in, so no credential is given for it.',
    hint: 'Its owner sets spec.access.credential to Token, once its API server takes our tokens.',
    nextCommand: `ambit get cluster ${name} -o yaml`,
  });
}

function noAccess(entrant: Entrant, cluster: string): AppError {
  const { kind, name } = entrant;
  return new AppError('no_access', `${principalName(entrant)} holds nothing in ${cluster} now.`, {
    why:
      kind === 'user'
        ? `No grant in force there names ${name} or a group of theirs.`
        : `No grant in force there names ${name}.`,
    hint: 'Somebody who may write grants can give access.',
    nextCommand: 'ambit clusters',
  });
}
