import { claimsOfProvider, identityProviderKind, scopesOfProvider } from '@ambit/contracts';
import type { IdentityProvider } from '@ambit/contracts';
import { kindView, type Line } from './kind-view.ts';

export const identityProviderView = kindView<IdentityProvider>({
  contract: identityProviderKind,
  columns: () => [
    { title: 'PRESET', value: ({ spec }) => spec.preset },
    { title: 'ISSUER', value: ({ spec }) => spec.issuer, flexible: true },
    { title: 'DOMAINS', value: ({ spec }) => spec.domains.join(','), flexible: true },
    { title: 'NEW-USERS', value: ({ spec }) => (spec.provisioning === 'OnSignIn' ? 'yes' : 'no') },
  ],
  lines: ({ spec }) => [
    ['Title', spec.title ?? ''],
    ['Preset', spec.preset],
    ['Issuer', spec.issuer],
    ['Client', spec.clientId],
    ['Secret', secretText(spec.clientSecret)],
    ['Scopes', scopesOfProvider(spec).join(' ')],
    ['Domains', spec.domains.length === 0 ? 'none' : spec.domains],
    [
      'Users',
      spec.provisioning === 'OnSignIn' ? 'made at the first sign-in' : 'only those there are',
    ],
    ['Claims', claimLines(spec)],
    ['Groups', spec.groups.length === 0 ? 'none by claims' : spec.groups.map(ruleText)],
    ['Directory', spec.directory === undefined ? '' : `by service/${spec.directory.service}`],
    ['Too many groups', spec.entra?.overage ?? ''],
    ['Internal', spec.internal === true ? 'yes' : ''],
    ['CA', spec.caData === undefined ? '' : 'of its own'],
  ],
});

/** Where central finds it. */
const secretText = ({ env, file }: IdentityProvider['spec']['clientSecret']): string =>
  env === undefined ? `file ${file ?? ''}` : `variable ${env}`;

const claimLines = (spec: IdentityProvider['spec']): Line[1] =>
  Object.entries(claimsOfProvider(spec)).map(([what, claim]) => `${what}: ${claim}`);

function ruleText(rule: IdentityProvider['spec']['groups'][number]): string {
  const { value, when, group = '', each = '', prefix, only } = rule;
  if (value !== undefined) return `${group}: group ${value}`;
  if (when !== undefined) return `${group}: when ${when}`;
  const bounds = [
    ...(prefix === undefined ? [] : [`after ${prefix}`]),
    ...(only === undefined ? [] : [`only ${only.join(', ')}`]),
  ];
  return `each of ${each} (${bounds.join('; ')})`;
}
