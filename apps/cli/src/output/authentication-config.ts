/** What an `AuthenticationConfiguration` is made of. */
export interface TrustedIssuer {
  readonly issuer: string;
  readonly clusterUid: string;
  /** What every name of ours in the cluster begins with. */
  readonly userPrefix: string;
  /** PEM; absent where the issuer is publicly trusted. */
  readonly ca?: string;
}

/** Tokens last at most an hour; whoever forged the rest would still be bound by it. */
const longestTokenSeconds = 3600;

/**
 * The configuration by which a kube-apiserver takes our tokens for one cluster, and nothing of Kubernetes itself by them: the
 * name in a token has its prefix already, so nothing is put before it, and a name without it is refused.
 */
export function authenticationConfig(trusted: TrustedIssuer): object {
  const { issuer, clusterUid, userPrefix, ca } = trusted;
  const prefix = JSON.stringify(userPrefix);
  return {
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'AuthenticationConfiguration',
    jwt: [
      {
        issuer: {
          url: issuer,
          discoveryURL: `${issuer}/.well-known/openid-configuration`,
          ...(ca === undefined ? {} : { certificateAuthority: ca }),
          audiences: [`ambit:${clusterUid}`],
        },
        claimValidationRules: [
          {
            expression: `claims.exp - claims.iat <= ${longestTokenSeconds}`,
            message: 'the token lasts longer than an hour',
          },
        ],
        claimMappings: {
          username: { claim: 'name', prefix: '' },
          groups: { claim: 'groups', prefix: '' },
          uid: { claim: 'sub' },
          extra: [
            { key: 'ambit.dev/session', valueExpression: "has(claims.sid) ? claims.sid : ''" },
          ],
        },
        userValidationRules: [
          {
            expression: `user.username.startsWith(${prefix}) && size(user.username) > size(${prefix})`,
            message: `the name does not begin with ${userPrefix}, or is nothing else`,
          },
          {
            expression: `user.groups.all(group, group.startsWith(${prefix}) && size(group) > size(${prefix}))`,
            message: `a group does not begin with ${userPrefix}, or is nothing else`,
          },
          {
            expression: "!user.username.startsWith('system:')",
            message: 'the name is one of Kubernetes itself',
          },
          {
            expression: "user.groups.all(group, !group.startsWith('system:'))",
            message: 'a group is one of Kubernetes itself',
          },
        ],
      },
    ],
  };
}
