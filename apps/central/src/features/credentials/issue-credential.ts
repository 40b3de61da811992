import type { Credential } from '@ambit/contracts';
import { heldAccess, nameInCluster } from '@ambit/domain';
import type { Entrant, PolicyCluster } from '@ambit/domain';
import { AppError, defined, isAppError } from '@ambit/kernel';
import type { Meters, centralMetrics } from '@ambit/observability';
import { nodeDigests } from '@ambit/transport';
import { principalName } from '../../platform/actor.ts';
import type { Actor } from '../../platform/actor.ts';
import { timestamp } from '../../platform/object-response.ts';
import type { PolicyWorld } from '../desired-state/public.ts';
import type { ClusterAdmission, CredentialCaller, GivenCredential } from './admission.ts';
import { giveAccountToken } from './give-account-token.ts';
import { giveCertificate } from './give-certificate.ts';
import type { GiveCertificatePorts } from './give-certificate.ts';
import { giveToken } from './give-token.ts';
import type { GiveTokenPorts } from './give-token.ts';
import { groupsOfToken } from './groups-of-token.ts';
import { IssueRate } from './issue-rate.ts';
import type { RefusedCredentials } from './refused-credentials.ts';

export interface IssuePorts extends GiveTokenPorts, GiveCertificatePorts {
  readonly world: PolicyWorld;
  readonly refused: Pick<RefusedCredentials, 'note'>;
  readonly meters: Pick<
    Meters<typeof centralMetrics>,
    'credentialsIssued' | 'credentialIssueDuration'
  >;
}

/** What is asked for. */
export interface CredentialAsked {
  readonly cluster: string;
  /** A certificate request, base64 of DER. */
  readonly csr?: string | undefined;
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
   * is no such cluster), `access_off` for a cluster that nobody gets into through us, `session_ended` in its last second, and
   * where the agent makes the credential what `giveCertificate` and `giveAccountToken` throw.
   */
  async execute(caller: CredentialCaller, wish: CredentialAsked): Promise<Credential> {
    const { meters, clock, world } = this.#ports;
    const started = clock.monotonic();
    const typeNow = (): string => typeOf(world.policy.byName('Cluster', wish.cluster));
    try {
      const credential = await this.#issue(caller, wish);
      meters.credentialsIssued.inc({ type: typeNow(), result: 'issued' });
      meters.credentialIssueDuration.observe((clock.monotonic() - started) / 1000);
      return credential;
    } catch (error) {
      const code = isAppError(error) ? error.code : 'internal';
      meters.credentialsIssued.inc({ type: typeNow(), result: code });
      this.#ports.refused.note({ actor: caller.actor, cluster: wish.cluster, code });
      throw error;
    }
  }

  async #issue(
    caller: CredentialCaller,
    { cluster: of, csr }: CredentialAsked,
  ): Promise<Credential> {
    const entrant = entrantOf(caller.actor);
    await this.#rate.count(entrant.uid);
    const admission = await this.#admit(entrant, of);
    const { credential, expiresAt } = await this.#give(caller, admission, csr);
    const { cluster, name } = admission;
    const { server, caData } = admission.access;
    return {
      kind: 'Credential',
      cluster: cluster.name,
      ...defined({ server, caData }),
      ...credential,
      expiresAt: timestamp(expiresAt),
      user: name,
    };
  }

  #give(
    caller: CredentialCaller,
    admission: ClusterAdmission,
    csr: string | undefined,
  ): Promise<GivenCredential> {
    switch (admission.access.credential) {
      case 'Token':
        return giveToken(this.#ports, caller, admission);
      case 'ServiceAccountToken':
        return giveAccountToken(this.#ports, caller, admission);
      default: {
        const der = csr === undefined ? undefined : Buffer.from(csr, 'base64');
        return giveCertificate(this.#ports, caller, { ...admission, csr: der });
      }
    }
  }

  async #admit(entrant: Entrant, of: string): Promise<ClusterAdmission> {
    const { world, clock } = this.#ports;
    await world.whole();
    const { policy } = world;
    const cluster = policy.byName('Cluster', of);
    // Who holds nothing there is not told whether there is such a cluster.
    if (cluster?.kind !== 'Cluster') throw noAccess(entrant, of);
    const held = heldAccess(policy, entrant, { clusterUid: cluster.uid, now: clock.now() });
    if (held.length === 0) throw noAccess(entrant, of);
    const { access } = cluster;
    if (access === undefined || access.credential === 'None') throw accessOff(of);
    const groups = groupsOfToken(policy, entrant, { cluster, now: clock.now() });
    return {
      cluster,
      access,
      entrant,
      name: nameInCluster(cluster, entrant, nodeDigests),
      groups,
    };
  }
}

/** As metrics name it. */
function typeOf(cluster: Pick<PolicyCluster, 'access'> | object | undefined): string {
  const { access } = (cluster ?? {}) as Partial<Pick<PolicyCluster, 'access'>>;
  switch (access?.credential) {
    case 'Token':
      return 'token';
    case 'ClientCertificate':
      return 'client_certificate';
    case 'ServiceAccountToken':
      return 'service_account_token';
    default:
      return 'none';
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

function accessOff(cluster: string): AppError {
  return new AppError('access_off', `Nobody gets into ${cluster} through Ambit.`, {
    why: 'The cluster says nothing of how people get in, so no credential is given for it.',
    hint: 'Its owner sets spec.access.credential, once its API server takes what that gives.',
    nextCommand: `ambit get cluster ${cluster} -o yaml`,
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
