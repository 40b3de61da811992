import { randomUUID } from 'node:crypto';
import { AppError } from '@ambit/kernel';
import {
  agentCapabilities,
  AgentSession,
  decodeIntent,
  emptyInventory,
  ruleToWire,
} from '@ambit/protocol';
import type { AgentEffect, StateChange, wire } from '@ambit/protocol';
import type { Intent, Mask } from '@ambit/rbac';
import {
  certificatesToPem,
  connectToCentral,
  createCertificateRequest,
  createEnvelopeOpeners,
  fetchPinnedCa,
  generateAgentKey,
  nodeDigests,
  parseJoinToken,
  signJoinRequest,
} from '@ambit/transport';
import type { CentralConnection, MessageStream } from '@ambit/transport';

type Stream = MessageStream<wire.CentralMessage, wire.AgentMessage | Uint8Array>;

export interface Enrolment {
  readonly ca: string;
  readonly privateKey: string;
  readonly response: wire.EnrollResponse;
}

/** First contact as an agent makes it: the pin first, the token only then. */
export async function enrolAgent(
  address: string,
  joinToken: string,
  kubeSystemUid: string,
  more: Partial<wire.EnrollRequest> = {},
): Promise<Enrolment> {
  const token = parseJoinToken(joinToken);
  const ca = await fetchPinnedCa({ address, caPin: token.caPin, deadlineMs: 30_000 });
  const privateKey = generateAgentKey();
  const connection = connectToCentral({ address, ca });
  const { id, presented } = token;
  const csr = more.csr ?? createCertificateRequest(privateKey);
  try {
    const response = await connection.enroll(
      {
        joinToken: id,
        tokenProof: signJoinRequest(presented, { id, kubeSystemUid, csr }),
        csr,
        kubeSystemUid,
        agentVersion: '0.0.1',
        kubernetesVersion: 'v1.36.2',
        ...more,
      },
      30_000,
    );
    return { ca, privateKey, response };
  } finally {
    connection.close();
  }
}

/** What an empty or complete reconcile reports. */
export const cleanReport: wire.ApplyReport = {
  created: 0,
  updated: 0,
  deleted: 0,
  unchanged: 0,
  durationMs: 1,
  problems: [],
  moreProblems: 0,
  heldRemovals: 0,
  heldGains: 0,
};

/** A problem as an agent tells it; what is not said is empty. */
export const problemOf = (said: Partial<wire.IntentResult>): wire.IntentResult => ({
  key: '',
  reason: '',
  message: '',
  namespace: '',
  object: '',
  subjects: [],
  moreSubjects: 0,
  effect: 'PROBLEM_EFFECT_UNSPECIFIED',
  changedBy: '',
  binds: '',
  ...said,
});

/** A small agent: the real session and the real transport, with memory for a disk and nothing for a cluster. */
export class TestAgent {
  readonly enrolment: Enrolment;
  readonly kubeSystemUid: string;
  readonly session: AgentSession;
  readonly state = new Map<string, Intent>();
  /** What came in, oldest first: `full 3`, `delta 4`, `upToDate`, `revoke`, `drain`, … */
  readonly heard: string[] = [];
  masks: readonly Mask[] = [];
  /** What it makes of an order; undefined: it says nothing. */
  makes: (order: wire.CredentialOrder) => Partial<wire.CredentialAnswer> | undefined = () =>
    undefined;
  instanceId = randomUUID();
  /** While true, states are neither saved nor acknowledged. */
  slowDisk = false;
  /** What APPLIED reports; null: nothing is reported. */
  report: wire.ApplyReport | null = cleanReport;
  endedBy: AppError | undefined;
  ended = true;
  #waiting: number[] = [];
  #connection: CentralConnection | undefined;
  #stream: Stream | undefined;

  constructor(enrolment: Enrolment, kubeSystemUid: string) {
    this.enrolment = enrolment;
    this.kubeSystemUid = kubeSystemUid;
    const { response } = enrolment;
    this.session = new AgentSession(
      { digests: nodeDigests, ...createEnvelopeOpeners(response), decodeIntent },
      {
        installationUid: response.installationUid,
        clusterUid: response.clusterUid,
        stateEpoch: response.stateEpoch,
        masks: [],
      },
    );
  }

  get revision(): number | undefined {
    return this.session.memory.held?.revision;
  }

  /** Subjects of every binding held. */
  get subjects(): string[] {
    return [...this.state.values()]
      .flatMap((intent) => (intent.section === 'BINDING' ? [...intent.subjects] : []))
      .sort();
  }

  /** Names of the namespaces that bindings are for, by list. */
  get boundNamespaces(): (readonly string[])[] {
    return [...this.state.values()].flatMap((intent) =>
      intent.section === 'BINDING' && intent.scope.type === 'namespaces'
        ? [intent.scope.names]
        : [],
    );
  }

  dial(address: string): CentralConnection {
    this.#connection ??= connectToCentral({
      address,
      ca: this.enrolment.ca,
      identity: {
        certificateChain: certificatesToPem(this.enrolment.response.certificateChain),
        privateKey: this.enrolment.privateKey,
      },
    });
    return this.#connection;
  }

  connect(address: string, hello: Partial<wire.Hello> = {}): void {
    const stream = this.dial(address).connect();
    this.#stream = stream;
    this.ended = false;
    this.endedBy = undefined;
    stream.listen({
      message: (message) => {
        this.#note(message);
        this.#run(this.session.handle({ on: 'message', at: performance.now(), message }));
      },
      closed: (error) => {
        this.ended = true;
        this.endedBy = error;
        this.session.handle({ on: 'closed', code: error?.code });
      },
    });
    const facts = {
      agentVersion: '0.0.1',
      instanceId: this.instanceId,
      attempt: 1,
      capabilities: [...agentCapabilities],
      kubernetesVersion: 'v1.36.2',
      ceilingDigest: '',
      ceilingJson: '{}',
      appliedRevision: 0,
      spoolEpoch: 'spool-1',
      wallClock: Date.now(),
      monotonic: performance.now(),
      kubeSystemUid: this.kubeSystemUid,
      ...hello,
    };
    this.#run(this.session.handle({ on: 'opened', at: performance.now(), hello: facts }));
  }

  send(message: wire.AgentMessage): void {
    this.#stream?.outbox.control(message);
  }

  /** The disk works again: what waited is saved. */
  saveWaiting(): void {
    this.slowDisk = false;
    for (const saveId of this.#waiting.splice(0))
      this.#run(this.session.handle({ on: 'stateSaved', saveId }));
  }

  async disconnect(): Promise<void> {
    await this.#stream?.end();
    this.close();
  }

  /** The process dies: nothing is said. */
  close(): void {
    this.#stream?.fail(new AppError('not_ready', 'the test agent is gone'));
    this.#stream = undefined;
    this.#connection?.close();
    this.#connection = undefined;
  }

  #note(message: wire.CentralMessage): void {
    if (message.message === 'stateBegin') {
      this.heard.push(message.stateBegin.mode === 'MODE_FULL' ? 'full' : 'delta');
    } else if (message.message === 'stateDelta') {
      this.heard.push('delta');
    } else if (message.message !== 'stateChunk' && message.message !== 'stateEnd') {
      this.heard.push(message.message ?? 'unknown');
    }
  }

  #run(effects: readonly AgentEffect[]): void {
    for (const effect of effects) this.#perform(effect);
  }

  #perform(effect: AgentEffect): void {
    switch (effect.do) {
      case 'send':
        return this.send(effect.message);
      case 'close':
        return void this.#stream?.end();
      case 'saveState':
        if (this.slowDisk) return void this.#waiting.push(effect.saveId);
        return this.#run(this.session.handle({ on: 'stateSaved', saveId: effect.saveId }));
      case 'saveRevocation':
        return this.#run(this.session.handle({ on: 'revocationSaved', saveId: effect.saveId }));
      case 'accept':
        return this.#accept(effect.change);
      case 'mask':
        this.masks = effect.masks.flatMap(({ revoked }) => [...revoked]);
        return undefined;
      case 'makeCredential':
        return this.#make(effect.order);
      case 'refused':
        this.heard.push(`refused ${effect.what}: ${effect.message}`);
        return undefined;
      default:
        return undefined;
    }
  }

  #make(order: wire.CredentialOrder): void {
    const made = this.makes(order);
    if (made === undefined) return;
    const blank = { requestId: order.requestId, expiresAt: 0, credentialId: '' };
    const credentialAnswer = { ...blank, ...made } as wire.CredentialAnswer;
    this.send({ message: 'credentialAnswer', credentialAnswer });
  }

  #accept(change: StateChange): void {
    if (change.mode === 'full') this.state.clear();
    for (const key of change.removed) this.state.delete(key);
    for (const intent of change.intents) this.state.set(intent.key, intent);
    const { revision } = change.manifest;
    const { report } = this;
    if (report === null) return;
    queueMicrotask(() => this.#run(this.session.handle({ on: 'applied', revision, report })));
  }
}

/** The agent tells that there is a namespace and what `view` allows. */
export function tellInventory(agent: TestAgent): void {
  const view = ruleToWire({ apiGroups: [''], resources: ['pods'], verbs: ['get'] });
  agent.send({
    message: 'inventory',
    inventory: {
      ...emptyInventory,
      complete: true,
      namespaces: [{ name: 'payments', labels: [], phase: 'Active' }],
      clusterRoles: [{ name: 'view', rules: [view] }],
    },
  });
}
