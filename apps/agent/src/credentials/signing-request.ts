import { randomBytes } from 'node:crypto';
import type { KubeObject } from '@ambit/kube';

/** The signer of the API server whose certificates log people in. */
export const clientSigner = 'kubernetes.io/kube-apiserver-client';
/** How the requests of this agent are called, before what is random in each. */
export const requestNamePrefix = 'ambit-credential-';

interface RequestCondition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

/** As `certificates.k8s.io/v1` has it. */
export interface SigningRequest extends KubeObject {
  readonly spec: {
    /** Base64 of PEM. */
    readonly request: string;
    readonly signerName: string;
    readonly usages: readonly string[];
    readonly expirationSeconds: number;
  };
  readonly status?: {
    readonly conditions?: readonly RequestCondition[];
    /** Base64 of PEM. */
    readonly certificate?: string;
  };
}

/** What asks the API server's signer for a certificate. `csr`: DER. */
export function signingRequest(
  csr: Uint8Array,
  expirationSeconds: number,
  labels: Readonly<Record<string, string>>,
): SigningRequest {
  const name = `${requestNamePrefix}${randomBytes(10).toString('hex')}`;
  return {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { name, labels },
    spec: {
      request: Buffer.from(pemOf(csr)).toString('base64'),
      signerName: clientSigner,
      usages: ['client auth'],
      expirationSeconds,
    },
  };
}

/** The request with the word that lets the signer sign it. */
export function approved(request: SigningRequest): SigningRequest {
  const condition = {
    type: 'Approved',
    status: 'True',
    reason: 'AmbitCredential',
    message: 'Central asked for it, and the ceiling of the cluster allows it.',
  };
  return { ...request, status: { ...request.status, conditions: [condition] } };
}

/** What became of it: the certificate as PEM, or why there is none; undefined while nothing did. */
export function outcomeOf({
  status,
}: SigningRequest): { readonly pem: string } | { readonly why: string } | undefined {
  const { certificate = '', conditions = [] } = status ?? {};
  if (certificate !== '') return { pem: Buffer.from(certificate, 'base64').toString('latin1') };
  const against = conditions.find(({ type }) => type === 'Denied' || type === 'Failed');
  return against && { why: `${against.reason ?? against.type}: ${against.message ?? ''}` };
}

/** In lines of 64, as the policy on what this agent may write reads it. */
function pemOf(csr: Uint8Array): string {
  const lines =
    Buffer.from(csr)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  const name = 'CERTIFICATE REQUEST';
  return `-----BEGIN ${name}-----\n${lines.join('\n')}\n-----END ${name}-----\n`;
}
