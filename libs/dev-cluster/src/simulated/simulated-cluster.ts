import { writeFile } from 'node:fs/promises';
import type { PolicyRule, UserInfo } from '@ambit/rbac';
import { agentUser, giveAgentRights } from '../access/agent-rights.ts';
import type { Authority, KeyPair } from '../access/certificates.ts';
import { kubeconfigText } from '../access/kubeconfig.ts';
import type { ClusterIdentity, DevCluster, RequestCount } from '../dev-cluster.ts';
import type { SimulatedAdmission } from './admission.ts';
import type { ApiListener } from './api-listener.ts';
import { simulatedVersion } from './discovery.ts';
import type { Faults } from './faults.ts';
import type { RequestLog } from './request-log.ts';
import type { Simulation } from './simulation.ts';
import type { Watches } from './watches.ts';

export interface SimulatedClusterParts {
  readonly name: string;
  readonly simulation: Simulation;
  readonly authority: Authority;
  readonly admin: KeyPair;
  readonly port: number;
  readonly listener: ApiListener;
  /** Makes the listener that follows a stopped one. */
  readonly newListener: () => ApiListener;
}

/**
 * A Kubernetes API server in this process, with RBAC, namespaces and ServiceAccounts as a real one has them; nothing
 * runs in it. The conformance suite holds it to what a real one does. Beyond a `DevCluster` it can be made to fail.
 */
export class SimulatedCluster implements DevCluster {
  readonly kind = 'simulated';
  readonly version = simulatedVersion;
  readonly source = 'simulated in this process';
  readonly name: string;
  readonly server: string;
  readonly caPem: string;
  readonly adminKubeconfig: string;
  readonly #parts: SimulatedClusterParts;
  #listener: ApiListener;

  constructor(parts: SimulatedClusterParts) {
    this.#parts = parts;
    this.#listener = parts.listener;
    this.name = parts.name;
    this.server = `https://127.0.0.1:${parts.port}`;
    this.caPem = parts.authority.certPem;
    this.adminKubeconfig = this.#kubeconfig('admin', parts.admin);
  }

  /** Refusals, delays, hangs and cut connections to come. */
  get faults(): Faults {
    return this.#parts.simulation.faults;
  }

  /** What changes writes before they are stored. */
  get admission(): SimulatedAdmission {
    return this.#parts.simulation.admission;
  }

  /** What was asked so far. */
  get log(): RequestLog {
    return this.#parts.simulation.log;
  }

  /** The open watches, to be ended, silenced or made to talk nonsense. */
  get watches(): Watches {
    return this.#parts.simulation.watches;
  }

  /** Connections that are open now. */
  get connections(): number {
    return this.#listener.connections;
  }

  async writeKubeconfig(path: string): Promise<void> {
    await writeFile(path, this.adminKubeconfig, { mode: 0o600 });
  }

  async kubeconfigFor(identity: ClusterIdentity): Promise<string> {
    return this.#kubeconfig(identity.user, await this.#parts.authority.client(identity));
  }

  async agentKubeconfig(rules: string | readonly PolicyRule[]): Promise<string> {
    const { server, caPem } = this;
    await giveAgentRights({ server, caPem, client: this.#parts.admin }, rules);
    return this.kubeconfigFor({ user: agentUser });
  }

  requestCounts(): Promise<readonly RequestCount[]> {
    return Promise.resolve(this.log.counts());
  }

  /** A bearer token that stands for this user until it is revoked. */
  issueToken(user: UserInfo): string {
    return this.#parts.simulation.authenticator.issue(user);
  }

  revokeToken(token: string): void {
    this.#parts.simulation.authenticator.revoke(token);
  }

  /** Forgets the history of changes, as etcd's compaction does: 410 for whoever comes with an older revision. */
  compact(): void {
    this.#parts.simulation.store.compact();
  }

  /** Sends every connection a GOAWAY; what runs on them goes on. */
  goAway(): void {
    this.#listener.goAway();
  }

  /** Cuts every connection. */
  cutConnections(): void {
    this.#listener.cut();
  }

  /** Stops listening and cuts every connection; objects stay. */
  async halt(): Promise<void> {
    await this.#listener.close();
  }

  /** Listens again after `halt`, on the same port. */
  async resume(): Promise<void> {
    this.#listener = this.#parts.newListener();
    await this.#listener.listen(this.#parts.port);
  }

  async stop(): Promise<void> {
    this.#parts.simulation.stop();
    await this.#listener.close();
  }

  #kubeconfig(user: string, client: KeyPair): string {
    const { name, server, caPem } = this;
    return kubeconfigText({ name, server, caPem, user, client });
  }
}
