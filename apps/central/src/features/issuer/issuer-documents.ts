import type { PublicDocument } from '../../platform/public-documents.ts';
import { keysKeptMs } from './key-schedule.ts';
import type { TokenIssuer } from './token-issuer.ts';

/**
 * What an API server asks the OIDC issuer for. The issuer of the webhook has none: the agents that verify its tokens get
 * the keys in their signed state, and an API server that was told to discover it must not succeed.
 */
export function issuerDocuments(issuer: TokenIssuer): PublicDocument[] {
  return [
    {
      path: '/oidc/.well-known/openid-configuration',
      maxAgeSeconds: 300,
      read: () => {
        const url = issuer.url('OIDC');
        return {
          issuer: url,
          jwks_uri: `${url}/jwks.json`,
          response_types_supported: ['id_token'],
          subject_types_supported: ['public'],
          id_token_signing_alg_values_supported: ['ES256'],
          claims_supported: [
            'iss',
            'aud',
            'sub',
            'name',
            'groups',
            'sid',
            'jti',
            'iat',
            'nbf',
            'exp',
          ],
        };
      },
    },
    {
      path: '/oidc/jwks.json',
      maxAgeSeconds: keysKeptMs / 1000,
      read: async () => ({ keys: await issuer.published() }),
    },
  ];
}
