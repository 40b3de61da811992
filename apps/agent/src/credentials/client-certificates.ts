import { AppError } from '@ambit/kernel';
import type { Logger } from '@ambit/kernel';
import { isKubeError, kubeResources } from '@ambit/kube';
import type { KubeClient, KubeError } from '@ambit/kube';
import {
  certificateFingerprint,
  certificatesFromPem,
  certificateValidity,
  readClientRequest,
} from '@ambit/transport';
import type { CredentialMaker, MadeCredential, OrderFor } from './credential-maker.ts';
import { approved, outcomeOf, requestNamePrefix, signingRequest } from './signing-request.ts';
import type { SigningRequest } from './signing-request.ts';

export interface ClientCertificatesParts {
  readonly client: Pick<KubeClient, 'list' | 'create' | 'replacePart' | 'watch' | 'delete'>;
  /** Of everything that this agent makes. */
  readonly labels: Readonly<Record<string, string>>;
  readonly logger: Logger;
}

const { certificateSigningRequests: resource } = kubeResources;
/** An API server may end a watch at any time. */
const mostWatches = 3;
const pageSize = 500;

/**
 * Client certificates, made by the API server's own signer: a request is filed, approved, read when it is signed, and
 * deleted. The key never leaves the machine of who asked.
 */
export class ClientCertificates implements CredentialMaker<'clientCertificate'> {
  readonly way = 'ClientCertificate';
  readonly what = 'a client certificate';
  readonly #parts: ClientCertificatesParts;
  readonly #clearing = new Set<Promise<void>>();
  /** Names of what is under way here. */
  readonly #filed = new Set<string>();

  constructor(parts: ClientCertificatesParts) {
    this.#parts = parts;
  }

  check({ name, clientCertificate: { csr } }: OrderFor<'clientCertificate'>): void {
    if (readClientRequest(csr).name === name) return;
    throw new AppError('invalid_request', 'The certificate request is for somebody else.');
  }

  async make(
    { ttlSeconds, clientCertificate: { csr } }: OrderFor<'clientCertificate'>,
    signal: AbortSignal,
  ): Promise<MadeCredential> {
    const { client, labels } = this.#parts;
    const request = signingRequest(csr, ttlSeconds, labels);
    const { name } = request.metadata;
    this.#filed.add(name);
    try {
      const filed = await client.create(resource, request);
      try {
        await client.replacePart(resource, approved(filed), 'approval');
        return madeOf(await this.#signed(filed, signal));
      } finally {
        this.#clear(filed);
      }
    } catch (error) {
      if (!isKubeError(error)) throw error;
      throw signal.aborted ? notSigned() : refusedBy(error);
    } finally {
      this.#filed.delete(name);
    }
  }

  /**
   * Deletes what a run that was killed left behind. As far as the API server lets it: what stays, Kubernetes itself deletes
   * an hour after it was signed, and a day after it was filed.
   */
  clearLeft(): void {
    const clearing = this.#eachLeft()
      .catch((error: unknown) => {
        const { logger } = this.#parts;
        logger.warn('certificate requests of an earlier run were not looked for', { error });
      })
      .finally(() => this.#clearing.delete(clearing));
    this.#clearing.add(clearing);
  }

  async #eachLeft(): Promise<void> {
    const { client, labels } = this.#parts;
    const labelSelector = Object.entries(labels)
      .map(([key, value]) => `${key}=${value}`)
      .join();
    let next: string | undefined;
    do {
      const page = await client.list<SigningRequest>(resource, {
        labelSelector,
        limit: pageSize,
        ...(next === undefined ? {} : { continue: next }),
      });
      for (const left of page.items) if (this.#isLeft(left)) this.#clear(left);
      next = page.continue;
    } while (next !== undefined);
  }

  #isLeft({ metadata: { name } }: SigningRequest): boolean {
    return name.startsWith(requestNamePrefix) && !this.#filed.has(name);
  }

  /** Resolves when what was filed is deleted, as far as the API server lets it. */
  async settled(): Promise<void> {
    // A look at what is left begins more of it.
    while (this.#clearing.size > 0) await Promise.all(this.#clearing);
  }

  /** The certificate that the signer made, PEM. */
  async #signed({ metadata }: SigningRequest, signal: AbortSignal): Promise<string> {
    const { name, resourceVersion = '' } = metadata;
    const options = { fieldSelector: `metadata.name=${name}`, resourceVersion };
    const { client } = this.#parts;
    for (let watches = 0; watches < mostWatches && !signal.aborted; watches++) {
      const events = client.watch<SigningRequest>(resource, options, signal);
      for await (const { type, object } of events) {
        if (type !== 'ADDED' && type !== 'MODIFIED') continue;
        const outcome = outcomeOf(object);
        if (outcome === undefined) continue;
        if ('pem' in outcome) return outcome.pem;
        throw new AppError('credential_refused', 'The signer of the cluster made no certificate.', {
          why: `It says: ${outcome.why}`,
        });
      }
    }
    throw notSigned();
  }

  /** Nothing but this agent would: the certificate in it is of use to nobody without its key. */
  #clear({ metadata: { name, uid } }: SigningRequest): void {
    const { client, logger } = this.#parts;
    const clearing = client
      .delete(resource, { name }, uid === undefined ? {} : { uid })
      .then(
        () => undefined,
        (error: unknown) => {
          if (isKubeError(error, 404)) return;
          logger.warn('a certificate request stays behind', { name, error });
        },
      )
      .finally(() => this.#clearing.delete(clearing));
    this.#clearing.add(clearing);
  }
}

const notSigned = (): AppError =>
  new AppError('timed_out', 'The signer of the cluster made no certificate in time.', {
    why: 'Its kube-controller-manager signs them: it may be down, or sign no certificates of clients.',
  });

function madeOf(pem: string): MadeCredential {
  const certificates = certificatesFromPem(pem);
  const [own] = certificates;
  if (own === undefined) {
    throw new AppError('credential_refused', 'The signer of the cluster answered no certificate.');
  }
  return {
    answer: { answer: 'certificates', certificates: { certificates } },
    expiresAt: certificateValidity(own).notAfter,
    credentialId: `X509SHA256=${certificateFingerprint(own)}`,
  };
}

function refusedBy(error: KubeError): AppError {
  const why = `The API server says: ${error.message}`;
  return error.retryable
    ? new AppError('kubernetes_unavailable', 'The API server made no certificate.', { why })
    : new AppError('credential_refused', 'The API server refuses the agent a certificate.', {
        why,
        hint: 'The owner of the cluster applies what "ambit-agent print-rbac" and "print-policy" print.',
      });
}
