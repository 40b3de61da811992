import { departureId, foldsToSystem } from '@ambit/rbac';
import { nodeDigests } from '@ambit/transport';
import type { TimeInterval } from '../clock/clock-interval.ts';
import { TokenRefused } from './token-refusal.ts';

/** What the claims of a token are judged by. */
export interface ClaimFacts {
  /** Of tokens for webhooks, never that of the OIDC way: one issuer, one way in. */
  readonly issuer: string;
  /** The whole audience of tokens for this cluster. */
  readonly audience: string;
  /** What every name of ours begins with in this cluster. */
  readonly userPrefix: string;
  readonly endedSessions: ReadonlySet<string>;
  /** In seconds since 1970: what was issued before may be of a session that ended and is not listed any more. */
  readonly issuedFrom: number;
  /** Groups that people left, by `departureId`: of tokens issued before this, in seconds since 1970, they do not count. */
  readonly departures: ReadonlyMap<string, number>;
  /** In seconds since 1970: of what was issued before no group counts. */
  readonly groupsFrom: number;
  /** Names of people who lost everything. */
  readonly denied: ReadonlySet<string>;
  /** Prefixes of names that the owner of the cluster allows. */
  readonly subjectPrefixes: readonly string[];
}

/** A user as Kubernetes takes it from a webhook. */
export interface ClusterUser {
  readonly username: string;
  readonly uid: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

/** Joins what the API server writes into its own audit log to the credential that was issued. */
const credentialIdKey = 'authentication.kubernetes.io/credential-id';

const longestLifeSeconds = 3_600;
/** How far the clock of central may be ahead of ours. An end is never put off. */
const skewSeconds = 60;
/** Names of ours are at most a prefix of 65, "service:" and 253 characters. */
const nameForm = /^[a-z0-9._@+:-]{1,512}$/;
const groupForm = /^[\x21-\x7e]{1,512}$/;
const identifierForm = /^[\x21-\x7e]{1,128}$/;
const mostGroups = 200;

const claimNames: ReadonlySet<string> = new Set([
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
]);

type Claims = Readonly<Record<string, unknown>>;

/** The user of a token whose issuer, audience and signature hold. Throws `TokenRefused`. */
export function judgeClaims(claims: Claims, facts: ClaimFacts, now: TimeInterval): ClusterUser {
  // A claim of a newer central may narrow what the token is for, such as `azp` or `cnf`.
  if (Object.keys(claims).some((claim) => !claimNames.has(claim))) {
    throw new TokenRefused('unknown_claim');
  }
  const uid = identifier(claims['sub']);
  const session = identifier(claims['sid']);
  const credential = identifier(claims['jti']);
  const issuedAt = judgeTimes(claims, now);
  const username = judgeName(claims['name'], facts);
  const groups = judgeGroups(claims['groups'], facts);
  if (facts.endedSessions.has(session) || issuedAt < facts.issuedFrom) {
    throw new TokenRefused('session_ended');
  }
  if (facts.denied.has(username)) throw new TokenRefused('denied');
  const kept = groups.filter((group) => !hasLeft(group, { uid, issuedAt }, facts));
  return { username, uid, groups: kept, extra: { [credentialIdKey]: [`JTI=${credential}`] } };
}

function identifier(value: unknown): string {
  if (typeof value !== 'string' || !identifierForm.test(value))
    throw new TokenRefused('wrong_claim');
  return value;
}

function seconds(value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return value;
  throw new TokenRefused('wrong_time');
}

/** Where our clocks disagree the end is taken by the latest of them, the beginning by the earliest. Gives `iat`. */
function judgeTimes(claims: Claims, now: TimeInterval): number {
  const issuedAt = seconds(claims['iat']);
  const notBefore = seconds(claims['nbf']);
  const end = seconds(claims['exp']);
  if (end <= issuedAt || end <= notBefore) throw new TokenRefused('wrong_time');
  if (end - issuedAt > longestLifeSeconds) throw new TokenRefused('lives_too_long');
  if (end * 1_000 <= now.high) throw new TokenRefused('expired');
  const latest = now.low / 1_000 + skewSeconds;
  if (notBefore > latest || issuedAt > latest) throw new TokenRefused('not_yet_valid');
  return issuedAt;
}

function judgeName(value: unknown, facts: ClaimFacts): string {
  if (typeof value !== 'string') throw new TokenRefused('wrong_name');
  requireOurs(value, facts, 'wrong_name');
  if (!nameForm.test(value)) throw new TokenRefused('wrong_name');
  return value;
}

function judgeGroups(value: unknown, facts: ClaimFacts): readonly string[] {
  if (value === undefined) return [];
  if (!Array.isArray(value) || value.length > mostGroups) throw new TokenRefused('wrong_group');
  return value.map((group: unknown) => {
    if (typeof group !== 'string') throw new TokenRefused('wrong_group');
    requireOurs(group, facts, 'wrong_group');
    if (!groupForm.test(group)) throw new TokenRefused('wrong_group');
    return group;
  });
}

/** What a token says of groups is as old as the token; who left one since keeps the rest of it. */
function hasLeft(
  group: string,
  { uid, issuedAt }: { readonly uid: string; readonly issuedAt: number },
  { userPrefix, departures, groupsFrom }: ClaimFacts,
): boolean {
  if (issuedAt < groupsFrom) return true;
  if (departures.size === 0) return false;
  const name = group.slice(userPrefix.length);
  return [uid, ''].some(
    (user) => issuedAt < (departures.get(departureId(nodeDigests, name, user)) ?? 0),
  );
}

/** A name with our prefix and something behind it, that is not Kubernetes' own and that the owner lets in. */
function requireOurs(
  name: string,
  { userPrefix, subjectPrefixes }: ClaimFacts,
  otherwise: 'wrong_name' | 'wrong_group',
): void {
  if (foldsToSystem(name)) throw new TokenRefused('reserved_name');
  if (userPrefix === '' || !name.startsWith(userPrefix) || name === userPrefix) {
    throw new TokenRefused(otherwise);
  }
  const allowed = subjectPrefixes.some(
    (prefix) => prefix !== '' && name.startsWith(prefix) && name !== prefix,
  );
  if (!allowed) throw new TokenRefused('beyond_ceiling');
}
