import { writeFile } from 'node:fs/promises';
import { AppError } from '@ambit/kernel';
import type { PolicyRule } from '@ambit/rbac';
import type { ClusterIdentity, DevCluster, RequestCount } from '../dev-cluster.ts';
import { enforcePolicies } from '../access/admission-policies.ts';
import { agentUser, giveAgentRights } from '../access/agent-rights.ts';
import { apiCall, type ApiEndpoint } from '../access/api-call.ts';
import type { ProcessFolder } from '../processes/process-folder.ts';
import type { ClusterTrust } from './cluster-files.ts';
import { kubeconfigText } from '../access/kubeconfig.ts';
import { requestCountsOf } from './request-counts.ts';

export interface RealClusterParts {
  readonly name: string;
  readonly server: string;
  readonly version: string;
  readonly source: string;
  readonly trust: ClusterTrust;
  readonly folder: ProcessFolder;
}

/** A running control plane made of the real programs. */
export class RealCluster implements DevCluster {
  readonly kind = 'real';
  readonly name: string;
  readonly server: string;
  readonly version: string;
  readonly source: string;
  readonly caPem: string;
  readonly adminKubeconfig: string;
  private readonly parts: RealClusterParts;
  private readonly admin: ApiEndpoint;
  private stopping: Promise<void> | undefined;

  constructor(parts: RealClusterParts) {
    this.parts = parts;
    this.name = parts.name;
    this.server = parts.server;
    this.version = parts.version;
    this.source = parts.source;
    this.caPem = parts.trust.authority.certPem;
    this.admin = { server: parts.server, caPem: this.caPem, client: parts.trust.admin };
    this.adminKubeconfig = this.kubeconfig('admin', parts.trust.admin);
  }

  async writeKubeconfig(path: string): Promise<void> {
    await writeFile(path, this.adminKubeconfig, { mode: 0o600 });
  }

  async kubeconfigFor(identity: ClusterIdentity): Promise<string> {
    return this.kubeconfig(identity.user, await this.parts.trust.authority.client(identity));
  }

  async agentKubeconfig(rules: string | readonly PolicyRule[], policies?: string): Promise<string> {
    if (policies !== undefined) await enforcePolicies(this.admin, policies);
    await giveAgentRights(this.admin, rules);
    return this.kubeconfigFor({ user: agentUser });
  }

  async requestCounts(): Promise<readonly RequestCount[]> {
    const answer = await apiCall(this.admin, { path: '/metrics', timeoutMs: 20_000 });
    if (answer.status === 200) return requestCountsOf(answer.text);
    throw new AppError(
      'kubernetes_unavailable',
      `${this.server}/metrics answered ${answer.status}.`,
    );
  }

  stop(): Promise<void> {
    this.stopping ??= this.parts.folder.clean(4_000);
    return this.stopping;
  }

  private kubeconfig(user: string, client: ClusterTrust['admin']): string {
    return kubeconfigText({
      name: this.name,
      server: this.server,
      caPem: this.caPem,
      user,
      client,
    });
  }
}
