import { isKubeError } from '@ambit/kube';
import type { KubeClient, KubeConnection } from '@ambit/kube';
import type { AgentSettings } from '../config.ts';

/** The namespace of a ServiceAccount, by the user name it stands for; undefined for any other user. */
export function namespaceOfAccount(account: string): string | undefined {
  return /^system:serviceaccount:([^:]+):[^:]+$/.exec(account)?.[1];
}

/** The user name that the API server knows this agent by; undefined when it is too old to tell (before 1.28). */
export async function ownAccount(client: KubeClient): Promise<string | undefined> {
  try {
    return (await client.whoAmI()).username;
  } catch (error) {
    if (isKubeError(error) && !error.retryable) return undefined;
    throw error;
  }
}

/**
 * The namespaces in which this agent itself lives: of its pod, of its ServiceAccount, and the one it was told. Whoever
 * may write there may become the agent.
 */
export function ownNamespaces(
  connection: Pick<KubeConnection, 'namespace'>,
  account: string | undefined,
  settings: Pick<AgentSettings, 'kubeconfig' | 'namespace'>,
): string[] {
  // The namespace of a kubeconfig is where its user likes to work, not where he lives.
  const ofPod = settings.kubeconfig === undefined ? connection.namespace : undefined;
  const ofAccount = account === undefined ? undefined : namespaceOfAccount(account);
  const found = [settings.namespace, ofPod, ofAccount].filter((each) => each !== undefined);
  return [...new Set(found)];
}
