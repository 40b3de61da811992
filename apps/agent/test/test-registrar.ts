import { AppError } from '@ambit/kernel';
import type { wire } from '@ambit/protocol';
import {
  certificateLifetimes,
  certificatesToPem,
  createCertificateRequest,
  generateAgentKey,
  joinProofKey,
  makeJoinToken,
  nodeDigests,
  readTrust,
  verifyJoinRequest,
  verifyRenewal,
} from '@ambit/transport';
import type { DialIdentity, CertificateAuthority } from '@ambit/transport';

export const installationUid = 'installation-1';
export const clusterUid = 'cluster-1';

/** Gives agents their certificates as central does: a token is good once, a revoked certificate is refused. */
export class TestRegistrar {
  ca: CertificateAuthority;
  /** PEM of the CAs of all certificates that were given. */
  acceptedCas: string;
  readonly enrolments: wire.EnrollRequest[] = [];
  renewals = 0;
  /** Milliseconds a new certificate lives. */
  lifeMs: number | undefined;
  /** So many of the next certificates are past half of their life already, and good for hours all the same. */
  halfLived = 0;
  /** Called before the answer to Enroll leaves; it may throw. */
  beforeReply: () => void = () => undefined;
  /** What it says of whom to trust, oldest first. */
  trust: readonly wire.SignedEnvelope[] = [];
  /** The cluster that its certificates name. */
  readonly clusterUid: string;
  readonly #keys: { readonly state: wire.TrustedKey; readonly epoch: wire.TrustedKey };
  readonly #tokens = new Map<string, { readonly proofKey: Uint8Array; used: boolean }>();
  /** Fingerprints of the certificates that are accepted, oldest first, each with the kube-system that it was given for. */
  readonly #live = new Map<string, string | undefined>();
  /** Fingerprints of certificates that a later one replaced by its first use. */
  readonly #superseded = new Set<string>();

  constructor(
    ca: CertificateAuthority,
    keys: { state: wire.TrustedKey; epoch: wire.TrustedKey },
    uid: string = clusterUid,
  ) {
    this.clusterUid = uid;
    this.ca = ca;
    this.acceptedCas = ca.certificatePem;
    this.#keys = keys;
  }

  /** Another CA gives certificates from now on; those of the old one are still accepted. */
  useCa(next: CertificateAuthority): void {
    this.ca = next;
    this.acceptedCas += next.certificatePem;
  }

  joinToken(): string {
    const token = makeJoinToken(this.ca.pin);
    this.#tokens.set(token.id, { proofKey: joinProofKey(token.presented), used: false });
    return token.text;
  }

  /** A certificate without a join token, for parts that need one and do not enrol. */
  async identity(): Promise<DialIdentity> {
    const privateKey = generateAgentKey();
    const { certificateChain } = await this.#issue(createCertificateRequest(privateKey));
    return { certificateChain: certificatesToPem(certificateChain), privateKey };
  }

  /**
   * The certificate may open a stream for a cluster with this kube-system, and no older one may from now on. Throws
   * `certificate_revoked`, `wrong_cluster`.
   */
  admit(fingerprint: string, kubeSystemUid: string): void {
    if (!this.#live.has(fingerprint)) throw notAccepted();
    const home = this.#live.get(fingerprint) ?? kubeSystemUid;
    if (home !== kubeSystemUid) {
      throw new AppError('wrong_cluster', 'This identity belongs to another cluster.');
    }
    for (const older of this.#live.keys()) {
      if (older === fingerprint) return;
      this.#live.delete(older);
      this.#superseded.add(older);
    }
  }

  /** No certificate issued so far is accepted from now on. */
  revokeAll(): void {
    this.#live.clear();
    this.#superseded.clear();
  }

  async enrol(request: wire.EnrollRequest): Promise<wire.EnrollResponse> {
    this.enrolments.push(request);
    const { joinToken: id, kubeSystemUid, csr, tokenProof } = request;
    const token = this.#tokens.get(id);
    const proven =
      token !== undefined &&
      verifyJoinRequest(token.proofKey, { id, kubeSystemUid, csr }, tokenProof);
    if (!proven || token.used) {
      throw new AppError('join_token_invalid', 'This join token is not accepted.', {
        hint: 'It was used already.',
        nextCommand: 'ambit cluster join-token NAME',
      });
    }
    token.used = true;
    const answer = await this.#issue(request.csr, kubeSystemUid);
    this.beforeReply();
    const clusterName = 'prod-eu';
    const trust = this.trust.at(-1)?.payload ?? new Uint8Array();
    return {
      ...answer,
      installationUid,
      clusterUid: this.clusterUid,
      clusterName,
      caSignature: this.ca.signEnrolment({ csr, clusterName, trust }),
      agentUid: 'agent-1',
      stateEpoch: 1,
      epochKeys: [this.#keys.epoch],
    };
  }

  async renew(csr: Uint8Array, fingerprint: string): Promise<wire.RenewResponse> {
    if (this.#superseded.has(fingerprint)) {
      throw new AppError('certificate_expired', 'A later certificate of this agent is in use.');
    }
    if (!this.#live.has(fingerprint)) throw notAccepted();
    this.renewals++;
    return this.#issue(csr, this.#live.get(fingerprint));
  }

  async renewExpired(request: wire.RenewExpiredRequest): Promise<wire.RenewResponse> {
    const fingerprint = Buffer.from(nodeDigests.sha256(request.certificate)).toString('hex');
    if (!verifyRenewal(request))
      throw new AppError('certificate_expired', 'The proof is not valid.');
    return this.renew(request.csr, fingerprint);
  }

  async #issue(csr: Uint8Array, kubeSystemUid?: string): Promise<wire.RenewResponse> {
    const { certificate, fingerprint } = await this.ca.issueAgent({
      csr,
      installationUid,
      clusterUid: this.clusterUid,
      agentUid: 'agent-1',
      now: Date.now() - (this.halfLived-- > 0 ? certificateLifetimes.agent * 0.75 : 0),
      ...(this.lifeMs === undefined ? {} : { validForMs: this.lifeMs }),
    });
    this.#live.set(fingerprint, kubeSystemUid);
    const [newest] = this.trust.slice(-1);
    const named = newest && readTrust(newest);
    return {
      certificateChain: [Buffer.from(certificate), Buffer.from(this.ca.certificate)],
      ca: [...(named?.ca ?? [])],
      stateKeys: [...(named?.stateKeys ?? [])],
      trust: [...this.trust],
    };
  }
}

const notAccepted = (): AppError =>
  new AppError('certificate_revoked', 'The certificate of this agent is not accepted.');
