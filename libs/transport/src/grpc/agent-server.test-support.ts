import { AppError, type Logger } from '@ambit/kernel';
import {
  certificatesToPem,
  connectToCentral,
  createAgentServer,
  createCa,
  createCertificateRequest,
  generateAgentKey,
  loadCa,
  type DialIdentity,
  type AgentServer,
  type AgentServerHandlers,
  type CaFiles,
  type CentralConnection,
  type CertificateAuthority,
  type ListenerCertificates,
} from '../index.ts';

export const silent: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silent,
};

/** Handlers of which a test gives those it needs. */
export function handlersOf(more: Partial<AgentServerHandlers>): AgentServerHandlers {
  const refuse = (): never => {
    throw new AppError('not_found', 'not part of this test');
  };
  return {
    enroll: refuse,
    renew: refuse,
    renewChallenge: refuse,
    renewExpired: refuse,
    connect: refuse,
    push: refuse,
    ...more,
  };
}

export interface TestCa extends CertificateAuthority {
  readonly files: CaFiles;
}

export async function aCa(name = 'test CA'): Promise<TestCa> {
  const files = await createCa({ name, now: Date.now() });
  return { ...(await loadCa(files)), files };
}

/** A key and certificate of an agent; `now` moves its validity. */
export async function anAgent(
  ca: CertificateAuthority,
  more: { readonly now?: number; readonly validForMs?: number } = {},
): Promise<DialIdentity & { readonly fingerprint: string }> {
  const privateKey = generateAgentKey();
  const { certificate, fingerprint } = await ca.issueAgent({
    csr: createCertificateRequest(privateKey),
    installationUid: 'installation-1',
    clusterUid: 'cluster-1',
    agentUid: 'agent-1',
    now: Date.now(),
    ...more,
  });
  return { certificateChain: certificatesToPem([certificate]), privateKey, fingerprint };
}

export async function listenerOf(ca: TestCa): Promise<ListenerCertificates> {
  const identity = await ca.issueServer(['127.0.0.1'], Date.now());
  return {
    certificateChain: identity.certificateChainPem,
    privateKey: identity.privateKeyPem,
    clientCa: ca.certificatePem,
  };
}

/** A server and the connections to it, all of which `stop` ends. */
export class TestPort {
  readonly ca: TestCa;
  readonly server: AgentServer;
  readonly #connections: CentralConnection[] = [];

  private constructor(ca: TestCa, server: AgentServer) {
    this.ca = ca;
    this.server = server;
  }

  static async open(handlers: Partial<AgentServerHandlers>, ca?: TestCa): Promise<TestPort> {
    const authority = ca ?? (await aCa());
    const server = await createAgentServer({
      address: '127.0.0.1:0',
      certificates: await listenerOf(authority),
      handlers: handlersOf(handlers),
      logger: silent,
    });
    return new TestPort(authority, server);
  }

  get address(): string {
    return `127.0.0.1:${this.server.port}`;
  }

  dial(identity?: DialIdentity, ca = this.ca.certificatePem): CentralConnection {
    const options = { address: this.address, ca };
    const connection = connectToCentral(identity ? { ...options, identity } : options);
    this.#connections.push(connection);
    return connection;
  }

  async stop(): Promise<void> {
    for (const connection of this.#connections) connection.close();
    await this.server.close(0);
  }
}
