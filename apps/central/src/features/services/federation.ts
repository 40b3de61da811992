import type { ServiceIdentity } from '@ambit/contracts';
import type { LettingRule } from '@ambit/persistence';
import type { JWTPayload } from 'jose';

/** One rule of a service identity: whose tokens let in. */
export type FederationRule = ServiceIdentity['spec']['federation'][number];

/** Why a token lets nobody in. */
export interface TokenRefusal {
  /** The claim that differs; `signature` for a token that its issuer did not sign. */
  readonly claim: string;
  /** For who runs central; it may name what was expected, never what the token holds. */
  readonly why: string;
}

/** The rules that take what a token says, or how it differs from the one that was meant. */
export function rulesFor(
  rules: readonly FederationRule[],
  payload: JWTPayload,
): readonly FederationRule[] | TokenRefusal {
  const judged = rules.map((rule) => ({ rule, difference: differenceFrom(rule, payload) }));
  const taking = judged.filter(({ difference }) => difference === undefined);
  if (taking.length > 0) return taking.map(({ rule }) => rule);
  const differences = judged.flatMap(({ difference }) => difference ?? []);
  // A rule for the audience that the token is for is the one that was meant.
  const meant = differences.find(({ claim }) => claim !== 'aud') ?? differences[0];
  return meant ?? { claim: 'iss', why: 'no rule is for its issuer' };
}

/**
 * True when some rule surely takes whatever this one took: it is for the same issuer and audience, and asks for no claim
 * that was not asked for.
 */
export function stillLetsIn(rules: readonly FederationRule[], by: LettingRule): boolean {
  return rules.some(
    ({ issuer, audience, claims }) =>
      issuer === by.issuer &&
      audience === by.audience &&
      Object.entries(claims).every(([name, value]) => by.claims[name] === value),
  );
}

function differenceFrom(
  { audience, claims }: FederationRule,
  payload: JWTPayload,
): TokenRefusal | undefined {
  if (![payload.aud].flat().includes(audience))
    return { claim: 'aud', why: `it is not for the audience "${audience}"` };
  const differing = Object.entries(claims).find(
    ([name, expected]) => claimOf(payload, name) !== expected,
  );
  if (differing === undefined) return undefined;
  const [claim, expected] = differing;
  const has = claimOf(payload, claim);
  if (has === undefined) return { claim, why: `it has no ${claim}, which has to be "${expected}"` };
  const noText = typeof has === 'string' ? '' : ', and is no text';
  return { claim, why: `${claim} is not "${expected}"${noText}` };
}

/** Texts are compared letter by letter; a number or a list is not the text that it looks like. */
function claimOf(payload: JWTPayload, name: string): unknown {
  return Object.hasOwn(payload, name) ? payload[name] : undefined;
}
