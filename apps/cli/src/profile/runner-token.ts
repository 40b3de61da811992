import { exchange, openConnection, checkServerUrl } from '@ambit/client/exchange';
import { readText, wayOut, type Environment } from '@ambit/config';
import { AppError, isAppError, parseJson } from '@ambit/kernel';
import { named } from './connection-settings.ts';

/** The token that says who a runner is, and where it was found. */
export interface RunnerToken {
  readonly token: string;
  readonly source: string;
}

/** Where a pod of Kubernetes finds the token that is projected for us. */
const projectedFile = '/var/run/secrets/ambit/token';
const answerWithinMs = 10_000;

/**
 * Finds the OIDC token of the runner that this command runs in: named by a variable or a file, asked of GitHub, or projected into the
 * pod. Throws `token_missing` with everything that was looked for, `usage` for what is no such token.
 */
export async function findRunnerToken(server: string, env: Environment): Promise<RunnerToken> {
  const audience = new URL(server).host;
  const direct = named(env, 'AMBIT_ID_TOKEN');
  if (direct !== undefined) return jwt(direct, 'AMBIT_ID_TOKEN');
  const file = named(env, 'AMBIT_ID_TOKEN_FILE');
  if (file !== undefined) return fromFile(file);
  const url = named(env, 'ACTIONS_ID_TOKEN_REQUEST_URL');
  const bearer = named(env, 'ACTIONS_ID_TOKEN_REQUEST_TOKEN');
  if (url !== undefined && bearer !== undefined) return fromGitHub({ url, bearer, audience }, env);
  const projected = await readText(projectedFile);
  if (projected.ok) return jwt(projected.text, projectedFile);
  throw noneFound(audience, env);
}

async function fromFile(path: string): Promise<RunnerToken> {
  const file = await readText(path);
  if (file.ok) return jwt(file.text, `AMBIT_ID_TOKEN_FILE (${path})`);
  throw new AppError('usage', `cannot read ${path}`, {
    why: file.reason,
    hint: 'AMBIT_ID_TOKEN_FILE names it.',
  });
}

interface GitHubAsked {
  readonly url: string;
  /** Lets the job ask for its token, and is itself a secret. */
  readonly bearer: string;
  readonly audience: string;
}

async function fromGitHub(
  { url: text, bearer, audience }: GitHubAsked,
  env: Environment,
): Promise<RunnerToken> {
  const source = 'GitHub (ACTIONS_ID_TOKEN_REQUEST_URL)';
  const url = new URL(text);
  url.searchParams.set('audience', audience);
  const connection = openConnection(checkServerUrl(url.origin), { wayOut: wayOut(env) });
  try {
    const answer = await exchange(connection, {
      method: 'GET',
      path: url.pathname + url.search,
      headers: { accept: 'application/json', authorization: `Bearer ${bearer}` },
      timeoutMs: answerWithinMs,
      signal: AbortSignal.timeout(answerWithinMs),
    });
    const { value } = (parseJson(answer.body) ?? {}) as { value?: unknown };
    if (answer.status === 200 && typeof value === 'string') return jwt(value, source);
    throw new AppError('server_unreachable', `${source} gave no token (${answer.status})`, {
      hint: 'The job needs `permissions: {id-token: write}`.',
    });
  } catch (error) {
    if (!isAppError(error) || error.message.startsWith(source)) throw error;
    throw new AppError('server_unreachable', `${source} gave no token`, {
      why: error.extras.why ?? error.message,
      cause: error,
    });
  } finally {
    connection.agent.destroy();
  }
}

function jwt(text: string, source: string): RunnerToken {
  const token = text.trim();
  if (/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)) return { token, source };
  throw new AppError('usage', `${source} holds no OIDC token`, {
    hint: 'That is three parts of base64url with dots between them.',
  });
}

function noneFound(audience: string, env: Environment): AppError {
  return new AppError('token_missing', 'no OIDC token of a runner was found', {
    why: `looked for AMBIT_ID_TOKEN, AMBIT_ID_TOKEN_FILE, ACTIONS_ID_TOKEN_REQUEST_URL with ACTIONS_ID_TOKEN_REQUEST_TOKEN, and ${projectedFile}`,
    hint: howToGetOne(audience, env),
  });
}

function howToGetOne(audience: string, env: Environment): string {
  if (named(env, 'GITHUB_ACTIONS') !== undefined) {
    return 'Give the job `permissions: {id-token: write, contents: read}`.';
  }
  if (named(env, 'GITLAB_CI') !== undefined) {
    return `Give the job \`id_tokens: {AMBIT_ID_TOKEN: {aud: ${audience}}}\`.`;
  }
  return `Put a token for the audience ${audience} there; in Kubernetes a projected ServiceAccount token.`;
}
