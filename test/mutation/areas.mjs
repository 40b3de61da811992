// Where a wrong rule would give access: what is changed there, and the specs that have to notice, the quick ones first.
const rbac = 'libs/rbac/src';
const domain = 'libs/domain/src';
const agent = 'apps/agent/src';
const central = 'apps/central/src';
const protocol = 'libs/protocol/src/core';

export const areas = {
  ceiling: {
    mutate: [`${rbac}/ceiling/!(*.spec).ts`],
    specs: [`${rbac}/ceiling/*.spec.ts`],
  },
  covers: {
    mutate: [`${rbac}/evaluate/{covers,allows}.ts`, `${rbac}/desired/keeps-access.ts`],
    specs: [
      `${rbac}/evaluate/{kubernetes-verdicts,authorize,covers}.spec.ts`,
      `${rbac}/desired/keeps-access.spec.ts`,
      `${rbac}/ceiling/{ceiling,refusals-in-words}.spec.ts`,
      `${rbac}/desired/desired-cases.spec.ts`,
    ],
  },
  revocation: {
    mutate: [
      `${domain}/changes/revocation.ts`,
      `${protocol}/{agent-memory,state-point}.ts`,
      `${rbac}/lifecycle/taking-away.ts`,
      `${central}/platform/revocation-watch.ts`,
      `${central}/features/desired-state/lost-subjects.ts`,
    ],
    specs: [
      `${domain}/changes/*.spec.ts`,
      `${protocol}/*.spec.ts`,
      `${rbac}/lifecycle/*.spec.ts`,
      `${central}/platform/revocation-watch.spec.ts`,
      `${central}/features/desired-state/*.spec.ts`,
    ],
  },
  expiry: {
    mutate: [
      `${rbac}/desired/instant.ts`,
      `${rbac}/diff/annotated-end.ts`,
      `${domain}/grants/grant-times.ts`,
      `${agent}/clock/{ends,clock-interval}.ts`,
    ],
    specs: [
      `${rbac}/desired/instant.spec.ts`,
      `${rbac}/diff/*.spec.ts`,
      `${domain}/grants/*.spec.ts`,
      `${agent}/clock/*.spec.ts`,
    ],
  },
  tokens: {
    mutate: [
      'libs/transport/src/tokens/!(*.spec).ts',
      `${central}/features/tokens/{token-authenticator,token-lookup,sign-in-failures}.ts`,
      `${central}/platform/{failure-limiter,credential-watch}.ts`,
    ],
    specs: [
      'libs/transport/src/tokens/*.spec.ts',
      `${central}/features/tokens/*.spec.ts`,
      `${central}/platform/{failure-limiter,credential-watch,revocation-watch}.spec.ts`,
    ],
  },
  guard: {
    mutate: [`${rbac}/guard/!(*.spec).ts`, `${domain}/preview/!(*.spec).ts`],
    specs: [`${rbac}/guard/*.spec.ts`, `${domain}/preview/*.spec.ts`],
  },
};
