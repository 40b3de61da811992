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
  listDirectories: {
    method: 'GET',
    path: '/directories',
    permission: 'identityproviders:read',
    summary: 'How the directories do from which people and groups come.',
    query: 'PageQuery',
    response: 'DirectoryList',
    status: 200,
  },
  getDirectory: {
    method: 'GET',
    path: '/directories/{name}',
    permission: 'identityproviders:read',
    summary: 'How the directory of a provider does.',
    query: 'NoQuery',
    response: 'Directory',
    status: 200,
  },
  resumeDirectory: {
    method: 'POST',
    path: '/directories/{name}/resume',
    permission: 'identityproviders:write',
    summary: 'Let a directory take away, for an hour, whatever it says.',
    query: 'NoQuery',
    response: 'Directory',
    status: 200,
  },
} as const satisfies Record<string, Route>;
