import { setTimeout as sleep } from 'node:timers/promises';
import type { Environment } from '@ambit/config';
import { AppError, fullJitter } from '@ambit/kernel';
import type { Logger, Millis } from '@ambit/kernel';
import {
  inClusterConnection,
  isKubeError,
  KubeClient,
  kubeResources,
  loadKubeconfig,
} from '@ambit/kube';
import type { CallReport, KubeConnection, KubeError, Namespace } from '@ambit/kube';
import { version } from '../version.ts';
import { ownAccount } from './own-account.ts';

export interface KubernetesSource {
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
}

/** The API server, and which cluster it is. */
export interface OpenKubernetes {
  readonly client: KubeClient;
  /** uid of the namespace kube-system: the identity of the cluster. */
  readonly kubeSystemUid: string;
  readonly version: string;
  /** The user name it knows this agent by, where it tells. */
  readonly account: string | undefined;
}

const backoff = { baseMs: 500, capMs: 10_000 };

/** A shell that was set up for kubectl must not decide with whose rights an agent works. */
const kubeconfigUnread =
  'KUBECONFIG is for kubectl; the agent takes --kubeconfig or AMBIT_KUBECONFIG, one file.';

/** Throws `config_invalid` when neither a kubeconfig was named nor a ServiceAccount is there. */
export async function kubernetesConnection(
  source: KubernetesSource,
  environment: Environment,
): Promise<KubeConnection> {
  const { kubeconfig, context } = source;
  if (kubeconfig !== undefined) {
    const named = context === undefined ? {} : { context };
    return loadKubeconfig(kubeconfig, { environment, ...named });
  }
  const host = environment['KUBERNETES_SERVICE_HOST'];
  const port = environment['KUBERNETES_SERVICE_PORT'];
  if (host !== undefined && port !== undefined) return inClusterConnection({ host, port });
  const unread = environment['KUBECONFIG'] === undefined ? {} : { why: kubeconfigUnread };
  throw new AppError('config_invalid', 'No cluster is named and this is no pod.', {
    ...unread,
    hint: 'Name the kubeconfig of the cluster with --kubeconfig FILE.',
  });
}

/**
 * Finds out which cluster this is. An API server that does not answer is waited for until `signal`; one that refuses
 * ends it with `kubernetes_unavailable`.
 */
export async function openKubernetes(
  connection: KubeConnection,
  options: {
    readonly logger: Logger;
    readonly onCall?: (report: CallReport) => void;
    readonly writesWithin?: (() => Millis) | undefined;
    readonly signal: AbortSignal;
  },
): Promise<OpenKubernetes> {
  const { logger, onCall, writesWithin, signal } = options;
  const client = new KubeClient({
    connection,
    userAgent: `ambit-agent/${version}`,
    ...(onCall === undefined ? {} : { onCall }),
    ...(writesWithin === undefined ? {} : { writesWithin }),
  });
  for (let attempt = 0; ; attempt++) {
    try {
      const [system, { gitVersion }, account] = await Promise.all([
        client.get<Namespace>(kubeResources.namespaces, { name: 'kube-system' }),
        client.version(),
        ownAccount(client),
      ]);
      return { client, kubeSystemUid: system.metadata.uid ?? '', version: gitVersion, account };
    } catch (error) {
      if (!isKubeError(error) || !error.retryable || signal.aborted) {
        client.close();
        throw isKubeError(error) ? ending(error, connection.server) : error;
      }
      const waitMs = backoff.baseMs / 2 + fullJitter(backoff, attempt, Math.random);
      const retryInMs = Math.round(waitMs);
      logger.warn('the API server does not answer', {
        server: connection.server,
        error,
        retryInMs,
      });
      await sleep(waitMs, undefined, { signal }).catch(() => undefined);
    }
  }
}

/** Why nothing is asked any more: it refuses, or whoever started this does not wait any longer. */
function ending(cause: KubeError, server: string): AppError {
  const { status, message: why } = cause;
  if (cause.retryable) {
    const message = `The agent was stopped before the API server at ${server} answered.`;
    return new AppError('kubernetes_unavailable', message, { why, cause });
  }
  const extras =
    status === 401
      ? { hint: 'The API server does not know this account: check the kubeconfig.' }
      : {
          hint: 'Give the account of the agent the rights that this prints:',
          nextCommand: 'ambit-agent print-rbac --ceiling FILE',
        };
  return new AppError('kubernetes_unavailable', 'The API server refuses this agent.', {
    why,
    ...extras,
    cause,
  });
}
