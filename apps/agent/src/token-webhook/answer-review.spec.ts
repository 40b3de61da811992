import { describe, expect, test } from '@jest/globals';
import { answerReview } from './answer-review.ts';
import { TestIssuer, ada, atIssue, factsOf } from './cluster-tokens.test-support.ts';

const ours = new TestIssuer();
const facts = factsOf(ours);
const review = (token: unknown, more: object = {}): string =>
  JSON.stringify({
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenReview',
    spec: { token, audiences: ['https://kubernetes.default.svc'] },
    ...more,
  });

describe('the answer to a TokenReview', () => {
  test('names the user, and no audience, so that the token is good for the API server alone', () => {
    const { status, body, result } = answerReview(review(ours.token()), facts, atIssue);
    expect({ status, result }).toEqual({ status: 200, result: 'accepted' });
    expect(JSON.parse(body)).toEqual({
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenReview',
      status: { authenticated: true, user: ada },
    });
  });

  test('tells who is refused nothing but that', () => {
    const tokens = ['', 'garbage', ours.without('sid'), new TestIssuer().token()];
    const answers = [
      ...tokens.map((token) => answerReview(review(token), facts, atIssue)),
      answerReview(review(ours.token()), undefined, atIssue),
    ];
    expect(new Set(answers.map(({ body }) => body)).size).toBe(1);
    expect(JSON.parse(answers[0]?.body ?? '')).toEqual({
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenReview',
      status: { authenticated: false },
    });
    expect(answers.map(({ result }) => result)).toEqual([
      'malformed',
      'malformed',
      'wrong_claim',
      'wrong_signature',
      'no_state',
    ]);
  });

  test('says what is wrong with a question that is none', () => {
    const asked: [string, string][] = [
      ['', 'this is no TokenReview as JSON'],
      ['{', 'this is no TokenReview as JSON'],
      ['null', 'this is no TokenReview as JSON'],
      [review('x', { kind: 'SubjectAccessReview' }), 'this is no TokenReview as JSON'],
      [
        review('x', { apiVersion: 'authentication.k8s.io/v1beta1' }),
        '--authentication-token-webhook-version=v1',
      ],
      [review('x', { spec: undefined }), 'spec.token is missing'],
      [review(['x']), 'spec.token is missing'],
      [review('x').replace('"token":', '"token":"y","token":'), 'this is no TokenReview as JSON'],
    ];
    for (const [text, why] of asked) {
      const { status, body, result } = answerReview(text, facts, atIssue);
      expect({ status, result }).toEqual({ status: 400, result: 'unreadable' });
      expect(body).toContain(why);
    }
  });
});
