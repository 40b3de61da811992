import { decodeJwt } from 'jose';
import type { DevFaults } from './dev-provider.ts';
import type { SigningKeys } from './signing-keys.ts';

type Claims = Readonly<Record<string, unknown>>;

/** What is needed to make an answer of the dialect, or a faulty one, out of a plain one. */
export interface AnswerFacts {
  readonly keys: SigningKeys;
  readonly clientSecret: string;
  readonly faults: DevFaults;
  /** Claims of the person with this subject, as these scopes give them. */
  claimsOf(subject: string, scope: string): Claims;
  /** Whether ID tokens have them too. */
  readonly fullTokens: boolean;
}

/** The answer of the token endpoint with another ID token. */
export async function tokenAnswer(
  answer: Claims & { readonly id_token: string },
  { keys, clientSecret, faults, claimsOf, fullTokens }: AnswerFacts,
): Promise<Claims> {
  const payload = decodeJwt(answer.id_token);
  const claims = fullTokens
    ? changed(claimsOf(String(payload.sub), String(answer['scope'])), faults.claims)
    : {};
  const whole = changed({ ...payload, ...claims }, faults.tokenClaims);
  return { ...answer, id_token: await keys.sign(whole, faults.signing, clientSecret) };
}

/** The answer of userinfo with the claims of the dialect. */
export const userinfoAnswer = (
  answer: Claims & { readonly sub: string },
  scope: string,
  { claimsOf, faults }: AnswerFacts,
): Claims => changed({ ...answer, ...claimsOf(answer.sub, scope) }, faults.claims);

/** With these claims instead; what is null goes. */
export function changed(claims: Claims, instead: Claims = {}): Claims {
  const all = Object.entries({ ...claims, ...instead });
  return Object.fromEntries(all.filter(([, value]) => value !== null));
}
