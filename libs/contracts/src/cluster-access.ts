import { X509Certificate } from 'node:crypto';
import { durationForm, readDuration } from '@ambit/kernel';
import { z } from 'zod';
import { judged } from './names.ts';

const minute = 60_000;
/** Kubernetes grants no shorter client certificate, and nobody should hold a token longer. */
const shortest = 10 * minute;
const longest = 60 * minute;
const mostCaBytes = 64 * 1024;

/** URL of an API server as people reach it. */
const ApiServerUrl = judged(apiServerProblem, { format: 'uri', maxLength: 2048 });
/** Base64 of PEM certificates, as a kubeconfig has them. */
const CaData = judged(caProblem, { format: 'byte', maxLength: mostCaBytes });
const TokenLifetime = judged(lifetimeProblem, { example: '10m' });

/** How people and programs get into a cluster. Absent, or with the credential None, nobody does through us. */
export const ClusterAccessWrite = z.strictObject({
  server: ApiServerUrl.exactOptional(),
  caData: CaData.exactOptional(),
  credential: z.enum(['Token', 'ClientCertificate', 'ServiceAccountToken', 'None']).default('None'),
  via: z.enum(['Webhook', 'OIDC']).default('Webhook'),
  ttl: TokenLifetime.default('10m'),
});
export type ClusterAccessWrite = z.infer<typeof ClusterAccessWrite>;

export const ClusterAccess = z.object({
  server: z.string().optional(),
  caData: z.string().optional(),
  credential: z.string(),
  via: z.string(),
  ttl: z.string(),
});
export type ClusterAccess = z.infer<typeof ClusterAccess>;

function apiServerProblem(text: string): string | undefined {
  if (text.length > 2048) return 'at most 2048 characters';
  const url = URL.parse(text);
  if (url === null || url.protocol !== 'https:') {
    return 'must be an https URL, such as https://api.example.com:6443';
  }
  if (url.username !== '' || url.password !== '') return 'a URL without user and password';
  // Also an empty one, which the parsed URL does not show.
  return /[?#\\\s]/.test(text) ? 'a URL without query, fragment and white space' : undefined;
}

function lifetimeProblem(text: string): string | undefined {
  const length = readDuration(text);
  if (length === undefined) return `must be a duration ${durationForm}`;
  return length < shortest || length > longest ? 'must be from 10m to 1h' : undefined;
}

function caProblem(text: string): string | undefined {
  if (text.length > mostCaBytes) return 'at most 64 KiB';
  const pem = Buffer.from(text, 'base64');
  if (text === '' || pem.toString('base64') !== text) {
    return 'must be base64 of PEM certificates, as certificate-authority-data of a kubeconfig';
  }
  return pemProblem(pem.toString('latin1'));
}

const certificate = /-----BEGIN CERTIFICATE-----\r?\n[A-Za-z0-9+/=\r\n]+-----END CERTIFICATE-----/g;

/** Nothing but certificates: a key that was pasted along would be shown to everybody who may read the cluster. */
function pemProblem(pem: string): string | undefined {
  const blocks = pem.match(certificate) ?? [];
  if (blocks.length === 0 || pem.replaceAll(certificate, '').trim() !== '') {
    return 'must hold PEM certificates and nothing else';
  }
  const bad = blocks.findIndex((block) => !isCertificate(block));
  return bad === -1 ? undefined : `certificate ${bad + 1} in it cannot be read`;
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).serialNumber !== '';
  } catch {
    return false;
  }
}
