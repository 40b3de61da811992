/** What a row may use; `token` is of the person "inline". */
export interface KubeconfigParts {
  readonly server: string;
  readonly ca: string;
  readonly token: string;
}

/** A kubeconfig and as whom kubectl reaches the API server with it; "refused" when it does not. */
export interface KubeconfigRow {
  readonly name: string;
  readonly text: (parts: KubeconfigParts) => string;
  readonly as: string;
  readonly encoding?: 'utf8' | 'utf16le';
  /** Where we refuse on purpose what kubectl takes. */
  readonly ours?: 'refused';
  /** What our refusal says. */
  readonly words?: RegExp;
}

interface Pieces {
  readonly cluster?: string;
  readonly user?: string;
  readonly context?: string;
  readonly before?: string;
  readonly after?: string;
  readonly lists?: string;
}

/** Block style, so that a row's lines stand where a person would add them. */
const withLines =
  ({ cluster = '', user, context = '', before = '', after = '', lists = '' }: Pieces) =>
  ({ server, ca, token }: KubeconfigParts): string =>
    `${before}current-context: x
clusters:
- name: c
  cluster:
    server: ${server}
    ${/certificate-authority/.test(cluster) ? '' : `certificate-authority-data: ${ca}`}
    ${cluster}
users:
- name: u
  user:
    ${user ?? `token: ${token}`}
contexts:
- name: x
  context:
    cluster: c
    user: u
    ${context}
${lists}${after}`
      .replaceAll('TOKEN', token)
      .replaceAll('CADATA', ca)
      .replaceAll('SERVER', server);

const row = (name: string, pieces: Pieces, more: Partial<KubeconfigRow> = {}): KubeconfigRow => ({
  name,
  text: withLines(pieces),
  as: 'inline',
  ...more,
});
const cluster = (text: string, more: Partial<KubeconfigRow> = {}) =>
  row(`cluster: ${text}`, { cluster: text }, more);
const user = (text: string, more: Partial<KubeconfigRow> = {}) =>
  row(`user: ${text}`, { user: text.replaceAll('; ', '\n    ') }, more);
const absent = (text: string) =>
  row(`user: token and ${text}`, { user: `token: TOKEN\n    ${text.replaceAll('; ', '\n    ')}` });
const context = (text: string, more: Partial<KubeconfigRow> = {}) =>
  row(`context: ${text}`, { context: text }, more);

const plugin = (more: string) =>
  `exec: {apiVersion: client.authentication.k8s.io/v1, command: pki/plugin, interactiveMode: Never${more}}`;

export const kubeconfigRows: readonly KubeconfigRow[] = [
  row('nothing odd', {}),
  // Empty and null are absent.
  cluster('proxy-url: ""'),
  cluster('proxy-url: null'),
  cluster('proxy-url:'),
  cluster('proxy-url: ~'),
  cluster('tls-server-name: ""'),
  cluster('tls-server-name: null'),
  cluster('insecure-skip-tls-verify: null'),
  cluster('insecure-skip-tls-verify: false'),
  cluster('insecure-skip-tls-verify: no'),
  cluster('disable-compression: null'),
  cluster('extensions: null'),
  cluster('certificate-authority: pki/ca'),
  cluster('{certificate-authority-data: "", certificate-authority: pki/ca}', {
    text: withLines({
      cluster: 'certificate-authority-data: ""\n    certificate-authority: pki/ca',
    }),
  }),
  cluster('certificate-authority: ""\n    certificate-authority-data: CADATA'),
  cluster('certificate-authority: null\n    certificate-authority-data: CADATA'),
  cluster('certificate-authority: ""', { as: 'refused' }),
  cluster('certificate-authority: ""\n    certificate-authority-data: null', { as: 'refused' }),
  absent('username: null; password: null'),
  absent('username: ""; password: ""'),
  absent('auth-provider: null'),
  absent('exec: null'),
  absent('tokenFile: ""'),
  absent('tokenFile: null'),
  absent('as: ""; as-groups: []; as-user-extra: {}; as-uid: ""'),
  absent('as: null; as-groups: null; as-user-extra: null; as-uid: null'),
  absent('client-certificate: ""; client-key: ""'),
  absent('client-certificate-data: null; client-key-data: null'),
  absent('extensions: null'),
  user('token: ""; tokenFile: pki/token', { as: 'file' }),
  user('token: null; tokenFile: pki/token', { as: 'file' }),
  user('client-certificate-data: ""; client-certificate: pki/cert; client-key: pki/key', {
    as: 'admin',
  }),
  user('token: ""', { as: 'refused', words: /no credential/ }),
  user('{}', { as: 'refused', words: /no credential/ }),
  row('user: null', { user: 'null' }, { as: 'refused', words: /no credential/ }),
  context('namespace: ""'),
  context('namespace: null'),
  context('extensions: null'),
  row('everything null around it', { after: 'preferences: null\nextensions: null\n' }),
  row('apiVersion and kind empty', { after: 'apiVersion: ""\nkind: null\n' }),
  row('unknown fields', { after: 'colour: blue\n', cluster: 'colour: blue', context: 'a: 1' }),
  row(
    'lists with nothing in them',
    { before: '', lists: '' },
    {
      text: (parts) => `${withLines({})(parts)}`.replace('users:\n', 'users:\n- null\n'),
    },
  ),
  // Which of two wins.
  user('token: TOKEN; tokenFile: pki/token', { as: 'file' }),
  user('token: TOKEN; tokenFile: pki/none'),
  user('token: TOKEN; tokenFile: pki/empty'),
  user('tokenFile: pki/none', { as: 'refused', words: /credential file/ }),
  user('tokenFile: pki/empty', { as: 'refused', words: /token/ }),
  user('token: TOKEN; client-certificate: pki/cert; client-key: pki/key', { as: 'admin' }),
  user(plugin(''), { as: 'plugin' }),
  user(plugin(', args: null, env: null, installHint: null, provideClusterInfo: null'), {
    as: 'plugin',
  }),
  user(`token: TOKEN\n    ${plugin('')}`),
  user(`tokenFile: pki/token\n    ${plugin('')}`, { as: 'file' }),
  user(`client-certificate: pki/cert\n    client-key: pki/key\n    ${plugin('')}`, { as: 'admin' }),
  user('client-certificate: pki/cert', { as: 'refused', words: /client-key/ }),
  user('client-key: pki/key', { as: 'refused', words: /no credential/ }),
  user('exec: {apiVersion: client.authentication.k8s.io/v1, command: pki/plugin}', {
    as: 'refused',
    words: /interactiveMode/,
  }),
  user('exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: pki/plugin}', {
    as: 'refused',
  }),
  user('exec: {command: pki/plugin, interactiveMode: Never}', {
    as: 'refused',
    words: /apiVersion/,
  }),
  user('exec: {}', { as: 'refused', words: /command/ }),
  cluster('certificate-authority: pki/ca\n    certificate-authority-data: CADATA', {
    as: 'refused',
    words: /both/,
  }),
  user('client-certificate: pki/cert; client-certificate-data: YQ==; client-key: pki/key', {
    as: 'refused',
    words: /both/,
  }),
  cluster('certificate-authority: pki/token', { as: 'refused', words: /no certificate/ }),
  cluster('certificate-authority: pki/empty', { as: 'refused', words: /no certificate/ }),
  cluster('certificate-authority: pki/none', { as: 'refused', words: /pki.none cannot be read/ }),
  // Keys, names and documents that stand twice.
  row('the same key twice, the last counts', { user: 'token: wrong\n    token: TOKEN' }),
  row(
    'the same key twice, the last is empty',
    { user: 'token: TOKEN\n    token: ""' },
    { as: 'refused', words: /no credential/ },
  ),
  row(
    'the same list twice',
    { after: 'users: [{name: u, user: {}}]\n' },
    { as: 'refused', words: /no credential/ },
  ),
  row(
    'a user twice',
    { after: 'users: [{name: u, user: {}}, {name: u, user: {}}]\n' },
    {
      as: 'refused',
      words: /twice|second/,
    },
  ),
  row('a cluster twice', { after: 'clusters: [{name: d}, {name: d}]\n' }, { as: 'refused' }),
  row(
    'another context twice',
    {},
    {
      text: (parts) =>
        `${withLines({})(parts)}- {name: y, context: {}}\n- {name: y, context: {}}\n`,
      as: 'refused',
    },
  ),
  row('a second document', { after: '---\ncurrent-context: nowhere\n' }),
  row('a second document that is broken', { after: '---\n{[\n' }),
  row('a comment, then the document', { before: '# mine\n---\n' }),
  row('an empty document first', { before: '---\n---\n' }, { as: 'refused' }),
  row('the end of the document', { after: '...\n' }),
  row('a mark and a directive', { before: '\uFEFF%YAML 1.1\n---\n' }),
  row('a mark', { before: '\uFEFF' }),
  row('UTF-16', { before: '\uFEFF' }, { encoding: 'utf16le' }),
  row(
    'JSON',
    {},
    {
      text: ({ server, ca, token }) =>
        JSON.stringify({
          'current-context': 'x',
          clusters: [{ name: 'c', cluster: { server, 'certificate-authority-data': ca } }],
          users: [{ name: 'u', user: { token } }],
          contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
        }),
    },
  ),
  // YAML as kubectl reads it.
  row('merge keys and aliases', { before: 'a: &a {token: TOKEN}\n', user: '<<: *a' }),
  row('a key that is a number', { after: '1: 2\n' }),
  row('yes is a boolean', { user: 'token: yes' }, { as: 'refused', words: /token/ }),
  row('a token of digits alone', { user: 'token: 123' }, { as: 'refused', words: /text/ }),
  row('a token that is a list', { user: 'token: [a]' }, { as: 'refused', words: /text/ }),
  row('a name of digits alone', { after: 'users: [{name: 1, user: {}}]\n' }, { as: 'refused' }),
  row(
    'a context named by a day',
    {},
    {
      text: (parts) => withLines({})(parts).replaceAll(/\bx\b/g, '2026-01-01'),
    },
  ),
  cluster('tls-server-name: 1', { as: 'refused', words: /text/ }),
  cluster('insecure-skip-tls-verify: "false"', { as: 'refused', words: /true or false/ }),
  cluster('certificate-authority-data: "%%%"', { as: 'refused', words: /base64/ }),
  user('client-certificate-data: "a b"; client-key-data: "YQ=="', {
    as: 'refused',
    words: /base64/,
  }),
  row(
    'lines in base64',
    {},
    {
      text: (parts) =>
        withLines({
          cluster: `certificate-authority-data: "${parts.ca.replaceAll(/(.{60})/g, '$1\\n')}"`,
        })(parts),
    },
  ),
  row('another kind', { after: 'kind: Pod\n' }, { as: 'refused', words: /kind/ }),
  row('another version', { after: 'apiVersion: v2\n' }, { as: 'refused', words: /apiVersion/ }),
  row('kind and version', { after: 'kind: Config\napiVersion: v1\n' }),
  row('a user that is not there', { context: 'user: nobody' }, { as: 'refused', words: /nobody/ }),
  row('no user', { context: 'user: ""' }, { as: 'refused', words: /no credential/ }),
  row(
    'a cluster that is not there',
    { context: 'cluster: none' },
    { as: 'refused', words: /none/ },
  ),
  row('a list', {}, { text: () => '- a\n', as: 'refused' }),
  row('a text', {}, { text: () => 'hello\n', as: 'refused' }),
  row('nothing', {}, { text: () => '', as: 'refused' }),
  // What we refuse on purpose: see the README of @ambit/kube.
  cluster('insecure-skip-tls-verify: true', { as: 'refused', words: /off/ }),
  cluster('insecure-skip-tls-verify: yes\n    certificate-authority: ""', {
    as: 'inline',
    ours: 'refused',
    words: /off/,
  }),
  user('token: TOKEN; as: ben', { as: 'ben', ours: 'refused', words: /"as"/ }),
  user('username: a; password: b', { as: 'refused', words: /username/ }),
];
