import type { ProviderPresetName } from './identity-provider-presets.ts';

interface ClaimRule {
  readonly value?: string | undefined;
  readonly when?: string | undefined;
  readonly group?: string | undefined;
  readonly each?: string | undefined;
  readonly prefix?: string | undefined;
  readonly only?: readonly string[] | undefined;
}

/** What is wrong with the form of a rule from claims to groups. */
export function claimRuleProblem(rule: ClaimRule): string | undefined {
  const { value, when, each, group, prefix, only } = rule;
  const asks = [value, when, each].filter((ask) => ask !== undefined);
  if (asks.length !== 1) return 'exactly one of "value", "when" and "each"';
  if (each === undefined) {
    if (group === undefined) return 'name the "group" that it gives';
    return prefix === undefined && only === undefined
      ? undefined
      : '"prefix" and "only" go with "each"';
  }
  if (group !== undefined) return '"each" names its groups itself: leave "group" out';
  return prefix === undefined && only === undefined
    ? 'name a "prefix" or "only": without one the provider could put people into any group'
    : undefined;
}

interface Provider {
  readonly preset: ProviderPresetName;
  readonly issuer: string;
  readonly scopes?: readonly string[] | undefined;
  readonly domains: readonly string[];
  readonly provisioning: 'Linked' | 'OnSignIn';
  readonly internal?: boolean | undefined;
  readonly entra?: object | undefined;
  readonly groups: readonly ClaimRule[];
}

type Field = 'issuer' | 'scopes' | 'domains' | 'entra' | 'groups';

/** Each is worked out at every sign-in, while nothing else of central runs. */
const mostExpressions = 20;

/** What is wrong with a provider as a whole, and at which of its fields. */
export function providerProblems({
  preset,
  issuer,
  scopes,
  domains,
  provisioning,
  internal = false,
  entra,
  groups,
}: Provider): readonly { readonly path: Field; readonly message: string }[] {
  const problems: readonly (readonly [Field, boolean, string])[] = [
    [
      'issuer',
      !issuer.startsWith('https:') && !internal,
      'https:// is needed: over http:// whoever sits between could be anybody. Only a provider at a loopback or private address may go without, with internal: true',
    ],
    [
      'scopes',
      scopes?.includes('openid') === false,
      '"openid" is needed: without it nobody is named',
    ],
    [
      'domains',
      provisioning === 'OnSignIn' && domains.length === 0,
      'name the domains whose people are yours: without one, everybody whom the provider knows becomes a User',
    ],
    [
      'groups',
      groups.filter(({ value }) => value === undefined).length > mostExpressions,
      `at most ${mostExpressions} rules with "when" or "each"; those with "value" are not counted`,
    ],
    ['entra', entra !== undefined && preset !== 'entra', 'goes with the preset entra'],
  ];
  return problems.flatMap(([path, wrong, message]) => (wrong ? [{ path, message }] : []));
}
