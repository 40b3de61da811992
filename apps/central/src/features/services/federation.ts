import { hash } from 'node:crypto';
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

/** What of a rule a session is kept with that it lets in. */
export function lettingRule({
  issuer,
  audience,
  claims,
  internal = false,
  caData,
}: FederationRule): LettingRule {
  return {
    issuer,
    audience,
    claims,
    ...(internal ? { internal } : {}),
    ...(caData === undefined ? {} : { cas: casOf(caData) }),
  };
}

/**
 * True when some rule surely takes whatever this one took: it is for the same issuer and audience, asks for no claim that
 * was not asked for, and believes whoever was believed to be the issuer.
 */
export function stillLetsIn(rules: readonly FederationRule[], by: LettingRule): boolean {
  return rules
    .map(lettingRule)
    .some(
      (rule) =>
        rule.issuer === by.issuer &&
        rule.audience === by.audience &&
        Object.entries(rule.claims).every(([name, value]) => by.claims[name] === value) &&
        stillBelieves(rule, by),
    );
}

/** A CA that comes beside those of before takes nobody's word away. */
function stillBelieves(rule: LettingRule, by: LettingRule): boolean {
  if (by.internal === true && rule.internal !== true) return false;
  if (rule.cas === undefined || by.cas === undefined) return rule.cas === by.cas;
  const { cas } = rule;
  return by.cas.every((ca) => cas.includes(ca));
}

/** Told apart by what is in them, however the text around them is written. */
function casOf(caData: string): readonly string[] {
  const pem = Buffer.from(caData, 'base64').toString('latin1');
  const blocks = pem.matchAll(/-----BEGIN CERTIFICATE-----([^-]*)-----END CERTIFICATE-----/g);
  return Array.from(blocks, ([, text = '']) => hash('sha256', Buffer.from(text, 'base64'), 'hex'));
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
