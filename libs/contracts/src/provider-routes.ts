import type { Route } from './route.ts';

/** What is asked of the company's providers. */
export const providerRoutes = {
  startProviderTest: {
    method: 'POST',
    path: '/identityproviders/{name}/tests',
    permission: 'identityproviders:write',
    summary: 'Begin a sign-in at a provider that changes nothing; its link is shown once.',
    query: 'NoQuery',
    response: 'ProviderTest',
    status: 201,
  },
  getProviderTest: {
    method: 'GET',
    path: '/identityproviders/{name}/tests/{id}',
    permission: 'identityproviders:write',
    summary: 'What a sign-in at a provider would do, once it was tried.',
    query: 'NoQuery',
    response: 'ProviderTest',
    status: 200,
  },
} as const satisfies Record<string, Route>;
