/** Claims by which Ambit knows what a provider says of a person. Without `groups` the provider tells no groups. */
export interface ProviderClaims {
  readonly email: string;
  /** Only the value `true` counts. */
  readonly emailVerified: string;
  readonly name: string;
  /** What the provider's directory calls the person. */
  readonly externalId: string;
  readonly groups?: string;
}

interface ProviderPreset {
  readonly scopes: readonly string[];
  readonly claims: ProviderClaims;
}

export const providerPresetNames = [
  'oidc',
  'entra',
  'google',
  'okta',
  'keycloak',
  'dex',
  'github',
] as const;
export type ProviderPresetName = (typeof providerPresetNames)[number];

const scopes = ['openid', 'profile', 'email'];
const claims: ProviderClaims = {
  email: 'email',
  emailVerified: 'email_verified',
  name: 'name',
  externalId: 'sub',
  groups: 'groups',
};
const { groups: _none, ...withoutGroups } = claims;

/**
 * Providers differ in these defaults alone. `entra` says with `xms_edov` whether the domain of an e-mail is the
 * tenant's own. `google` tells no groups. `github` is Dex in front of GitHub.
 */
export const providerPresets: Readonly<Record<ProviderPresetName, ProviderPreset>> = {
  oidc: { scopes, claims },
  entra: { scopes, claims: { ...claims, emailVerified: 'xms_edov', externalId: 'oid' } },
  google: { scopes, claims: withoutGroups },
  okta: { scopes: [...scopes, 'groups'], claims },
  keycloak: { scopes, claims },
  dex: { scopes: [...scopes, 'groups'], claims },
  github: { scopes: [...scopes, 'groups'], claims },
};

/** The claims that count for a provider: its own words before those of its preset. */
export function claimsOfProvider(spec: {
  readonly preset: ProviderPresetName;
  readonly claims?: { readonly [name in keyof ProviderClaims]?: string | undefined } | undefined;
}): ProviderClaims {
  const own = Object.entries(spec.claims ?? {}).filter(([, name]) => name !== undefined);
  return { ...providerPresets[spec.preset].claims, ...Object.fromEntries(own) };
}

/** The scopes that a sign-in asks for. */
export function scopesOfProvider(spec: {
  readonly preset: ProviderPresetName;
  readonly scopes?: readonly string[] | undefined;
}): readonly string[] {
  return spec.scopes ?? providerPresets[spec.preset].scopes;
}
