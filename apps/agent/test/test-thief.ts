import { AppError } from '@ambit/kernel';
import type { wire } from '@ambit/protocol';
import { silentLogger } from '@ambit/testing';
import {
  createAgentServer,
  createCa,
  createEnvelopeSigner,
  generateSigningKey,
  loadCa,
  signTrust,
} from '@ambit/transport';
import type {
  AgentServer,
  CertificateAuthority,
  ListenerCertificates,
  SyncStream,
} from '@ambit/transport';
import { clusterUid, installationUid } from './test-registrar.ts';

/**
 * Whoever stole key and certificate of central's listener, and nothing else: it ends TLS in the place of central, and
 * has a CA and signing keys that it made itself.
 */
export class TestThief {
  readonly ca: CertificateAuthority;
  readonly signer = createEnvelopeSigner(generateSigningKey());
  readonly hellos: wire.Hello[] = [];
  readonly enrolments: wire.EnrollRequest[] = [];
  readonly renewals: wire.RenewRequest[] = [];
  /** Sent to each agent behind its Welcome. */
  orders: (hello: wire.Hello) => wire.Command[] = () => [];
  asks: (hello: wire.Hello) => wire.CredentialRequest[] = () => [];
  welcome: Partial<wire.Welcome> = {};
  answerEnroll: ((request: wire.EnrollRequest) => Promise<wire.EnrollResponse>) | undefined;
  answerRenew: (request: wire.RenewRequest) => Promise<wire.RenewResponse>;
  readonly #stolen: Omit<ListenerCertificates, 'clientCa'>;
  readonly #clientCa: string;
  #streams: SyncStream[] = [];
  #server: AgentServer | undefined;

  private constructor(ca: CertificateAuthority, central: CertificateAuthority, stolen: Stolen) {
    this.ca = ca;
    this.#clientCa = central.certificatePem;
    this.#stolen = stolen;
    this.answerRenew = (request) => this.ownAnswer(request.csr);
  }

  /** Takes the listener's certificate from `central`: what the CA gave to the listener, not the CA. */
  static async of(central: CertificateAuthority): Promise<TestThief> {
    const own = await loadCa(await createCa({ name: 'test CA', now: Date.now() }));
    const listener = await central.issueServer(['127.0.0.1'], Date.now());
    const { certificateChainPem: certificateChain, privateKeyPem: privateKey } = listener;
    return new TestThief(own, central, { certificateChain, privateKey });
  }

  /** Where it listens. */
  get address(): string {
    return `127.0.0.1:${this.#server?.port ?? 0}`;
  }

  async listen(address: string): Promise<void> {
    this.#server = await createAgentServer({
      address,
      certificates: { ...this.#stolen, clientCa: this.#clientCa },
      handlers: {
        enroll: (request) => {
          this.enrolments.push(request);
          return this.answerEnroll?.(request) ?? this.#enrolment(request);
        },
        renew: (request) => {
          this.renewals.push(request);
          return this.answerRenew(request);
        },
        renewChallenge: async () => ({ nonce: Buffer.alloc(32) }),
        renewExpired: ({ csr }) => this.answerRenew({ csr }),
        connect: (stream) => this.#connect(stream),
        push: (stream) => stream.fail(new AppError('not_ready', 'no')),
      },
      logger: silentLogger,
    });
  }

  async stop(): Promise<void> {
    await this.#server?.close(0);
    this.#server = undefined;
  }

  send(message: wire.CentralMessage): void {
    for (const stream of this.#streams) stream.outbox.control(message);
  }

  /** A certificate for the request by the thief's own CA, with its own keys to trust. */
  async ownAnswer(csr: Uint8Array): Promise<wire.RenewResponse> {
    const { certificate } = await this.ca.issueAgent({
      csr,
      installationUid,
      clusterUid,
      agentUid: 'agent-1',
      now: Date.now(),
    });
    const ca = Buffer.from(this.ca.certificate);
    return {
      certificateChain: [Buffer.from(certificate), ca],
      ca: [ca],
      stateKeys: [this.signer.publicKey],
      trust: [this.trust()],
    };
  }

  /** What it would have agents trust, in a version of its choice. */
  trust(version = 1_000): wire.SignedEnvelope {
    const keys = [this.signer.publicKey];
    const bundle = { installationUid, version, stateKeys: keys, epochKeys: keys };
    return signTrust(this.signer, { ...bundle, ca: [this.ca.certificate] });
  }

  async #enrolment({ csr }: wire.EnrollRequest): Promise<wire.EnrollResponse> {
    const answer = await this.ownAnswer(csr);
    const of = { installationUid, clusterUid, clusterName: 'prod-eu', agentUid: 'agent-1' };
    const epochKeys = [this.signer.publicKey];
    const { clusterName } = of;
    const facts = { csr, clusterName, trust: answer.trust.at(-1)?.payload ?? csr };
    const caSignature = this.ca.signEnrolment(facts);
    return { ...answer, ...of, stateEpoch: 1, epochKeys, caSignature };
  }

  #connect(stream: SyncStream): void {
    this.#streams.push(stream);
    stream.listen({
      message: (message) => {
        if (message.message !== 'hello') return;
        this.hellos.push(message.hello);
        stream.outbox.control({ message: 'welcome', welcome: { ...welcome, ...this.welcome } });
        for (const command of this.orders(message.hello))
          stream.outbox.control({ message: 'command', command });
        for (const credentialRequest of this.asks(message.hello))
          stream.outbox.control({ message: 'credentialRequest', credentialRequest });
      },
      closed: () => {
        this.#streams = this.#streams.filter((each) => each !== stream);
      },
    });
  }
}

type Stolen = Omit<ListenerCertificates, 'clientCa'>;

const welcome: wire.Welcome = {
  sessionEpoch: 1_000,
  protocol: 1,
  serverTime: 0,
  heartbeatIntervalMs: 5_000,
  maxChunkBytes: 64 * 1024,
  backoffBaseMs: 20,
  backoffCapMs: 100,
  inventoryIntervalMs: 200,
  centralTime: null,
  epochRaise: null,
};
