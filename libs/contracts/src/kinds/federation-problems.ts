/** Issuers whose tokens anybody can get, and claims of which one says whose pipeline it is. */
const everybodysIssuers: Readonly<Record<string, readonly string[]>> = {
  'https://token.actions.githubusercontent.com': [
    'repository',
    'sub',
    'repository_id',
    'repository_owner',
    'repository_owner_id',
    'job_workflow_ref',
  ],
  'https://gitlab.com': ['project_path', 'sub', 'project_id', 'namespace_path', 'namespace_id'],
  'https://agent.buildkite.com': ['sub', 'organization_slug', 'organization_id'],
  'https://app.terraform.io': ['sub', 'terraform_organization_id', 'terraform_workspace_id'],
  'https://accounts.google.com': ['sub', 'email'],
};

/** Told by fields of their own, or judged by the clock. */
const registered = ['iss', 'aud', 'exp', 'nbf', 'iat', 'jti'];

interface Rule {
  readonly issuer: string;
  readonly claims: Readonly<Record<string, string>>;
  readonly internal?: boolean | undefined;
}

/** What is wrong with the text of an issuer; tokens name it letter by letter. */
export function issuerProblem(text: string): string | undefined {
  if (text.length > 512) return 'at most 512 characters';
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['https:', 'http:'].includes(url.protocol))
    return 'the URL that tokens name as "iss", such as https://token.actions.githubusercontent.com';
  if (url.username !== '' || url.password !== '') return 'an issuer has no user name and password';
  return /[?#\s*]/.test(text) ? 'an issuer has no query, fragment, space or "*"' : undefined;
}

/** What is wrong with a rule as a whole, and at which of its fields. */
export function federationProblems(
  rule: Rule,
): readonly { readonly path: 'issuer' | 'claims'; readonly message: string }[] {
  const { issuer, claims, internal = false } = rule;
  const names = Object.keys(claims);
  const problems = [
    ...names
      .filter((name) => registered.includes(name))
      .map(
        (name) =>
          `"${name}" is no claim to compare: issuer, audience and times have their own rules`,
      ),
    ...(names.length > 20 ? ['at most 20 claims'] : []),
    ...missingClaim(issuer, names),
  ];
  return [
    ...problems.map((message) => ({ path: 'claims' as const, message })),
    ...(issuer.startsWith('https:') || internal
      ? []
      : [
          {
            path: 'issuer' as const,
            message:
              'https:// is needed: over http:// whoever sits between could hand out keys of their own. ' +
              'Only an issuer at a loopback or private address may go without, with internal: true',
          },
        ]),
  ];
}

function missingClaim(issuer: string, names: readonly string[]): readonly string[] {
  const known = everybodysIssuers[issuer.replace(/\/+$/, '')];
  if (known !== undefined && !known.some((name) => names.includes(name))) {
    const [usual = '', other = ''] = known;
    return [
      `anybody can get a token of ${issuer}: name ${usual} or ${other}, so that only your own are let in`,
    ];
  }
  return names.length > 0
    ? []
    : ['name at least one claim, such as sub: without one every token of this issuer is let in'];
}
