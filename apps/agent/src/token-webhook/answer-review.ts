import { parseJson } from '@ambit/kernel';
import type { TimeInterval } from '../clock/clock-interval.ts';
import { verifyClusterToken, type ClusterTokenFacts } from './cluster-token.ts';
import type { WebhookRefusal } from './token-refusal.ts';

/** What became of a question: for logs and metrics. `no_state`: nothing is known yet by which tokens could be judged. */
export type ReviewResult = 'accepted' | 'no_state' | 'unreadable' | WebhookRefusal;

export interface ReviewAnswer {
  readonly status: 200 | 400;
  readonly body: string;
  readonly result: ReviewResult;
}

const apiVersion = 'authentication.k8s.io/v1';
const kind = 'TokenReview';

/**
 * The answer to a TokenReview of an API server. Whoever is refused learns nothing but that: why stands in `result`. No
 * audiences are named, which for Kubernetes means those of the API server itself: a token lets in there alone, and not
 * with somebody else who asks the API server about it for an audience of their own.
 */
export function answerReview(
  text: string,
  facts: ClusterTokenFacts | undefined,
  now: TimeInterval,
): ReviewAnswer {
  const token = tokenIn(text);
  if (typeof token !== 'string')
    return { status: 400, body: told(token.why), result: 'unreadable' };
  if (facts === undefined) return { status: 200, body: review(refused), result: 'no_state' };
  const verified = verifyClusterToken(token, facts, now);
  if (!verified.ok) return { status: 200, body: review(refused), result: verified.reason };
  const { user } = verified;
  return { status: 200, body: review({ authenticated: true, user }), result: 'accepted' };
}

const refused = { authenticated: false };
const review = (status: object): string => `${JSON.stringify({ apiVersion, kind, status })}\n`;
const told = (why: string): string => `${JSON.stringify({ message: why })}\n`;

/** The token that is asked about, or why the question cannot be answered. */
function tokenIn(text: string): string | { readonly why: string } {
  const asked = objectOr(text);
  if (asked?.['kind'] !== kind) return { why: `this is no ${kind} as JSON` };
  if (asked['apiVersion'] !== apiVersion) {
    const flag = '--authentication-token-webhook-version=v1';
    return { why: `only ${apiVersion} is answered: start the API server with ${flag}` };
  }
  const spec = asked['spec'];
  const token = isObject(spec) ? spec['token'] : undefined;
  return typeof token === 'string' ? token : { why: 'spec.token is missing' };
}

function objectOr(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value = parseJson(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;
