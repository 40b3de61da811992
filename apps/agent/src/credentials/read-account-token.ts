import { AppError } from '@ambit/kernel';

/**
 * What a token says of itself. Nobody is let in by it here: the API server that gave it judges it. Throws
 * `kubernetes_unavailable` for a token that is none of a ServiceAccount.
 */
export function readAccountToken(token: string): {
  readonly subject: string;
  readonly credentialId: string;
} {
  const [, payload = ''] = token.split('.');
  const { sub, jti } = claimsIn(Buffer.from(payload, 'base64url').toString());
  if (typeof sub === 'string' && typeof jti === 'string' && jti !== '') {
    return { subject: sub, credentialId: `JTI=${jti}` };
  }
  throw new AppError('kubernetes_unavailable', 'The API server gave a token that says nothing.', {
    why: 'It has no sub or no jti, which Kubernetes writes since 1.30.',
  });
}

function claimsIn(text: string): { readonly sub?: unknown; readonly jti?: unknown } {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}
