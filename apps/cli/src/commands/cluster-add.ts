import type { AmbitClient } from '@ambit/client';
import type { Cluster, JoinTokenCreated } from '@ambit/contracts';
import {
  AppError,
  isAppError,
  labelKeyProblem,
  labelValueProblem,
  instantMillis,
} from '@ambit/kernel';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CommandContext } from '../command-context.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { relativeTime, shortDuration } from '../output/relative-time.ts';
import { parseDuration } from '../parse-time.ts';
import { shellWords } from '../shell-words.ts';
import { goodToken } from './how-to-join.ts';

interface AddOptions {
  readonly label?: readonly string[];
  readonly ttl?: string;
  readonly wait?: boolean;
}

const waitMs = 600_000;
const pollMs = 500;

/** `ambit cluster add`. */
export async function clusterAdd(
  context: CommandContext,
  [name = '']: readonly string[],
  options: AddOptions,
): Promise<ExitCode> {
  const ttlSeconds = ttlOf(options.ttl);
  const labels = labelsOf(options.label ?? []);
  const client = await context.client();
  try {
    await client.api.putCluster({
      params: { name },
      ifNoneMatch: '*',
      body: { apiVersion: 'ambit.dev/v1', kind: 'Cluster', metadata: { name, labels }, spec: {} },
    });
  } catch (error) {
    throw isThere(error) ? await alreadyThere(context, client, name, error) : error;
  }
  context.terminal.out.line(`cluster/${name} created`);
  const token = await client.api.createJoinToken({ params: { name }, body: { ttlSeconds } });
  tellAgentCommand(context, token);
  return options.wait === true ? waitForAgent(context, client, name) : exitCodes.done;
}

/** `ambit cluster join-token`. */
export async function clusterJoinToken(
  context: CommandContext,
  [name = '']: readonly string[],
  options: Pick<AddOptions, 'ttl'>,
): Promise<ExitCode> {
  const ttlSeconds = ttlOf(options.ttl);
  const client = await context.client();
  const token = await client.api.createJoinToken({ params: { name }, body: { ttlSeconds } });
  tellAgentCommand(context, token);
  return exitCodes.done;
}

function ttlOf(text: string | undefined): number {
  const seconds = Math.round(parseDuration(text ?? '10m') / 1000);
  if (seconds >= 60 && seconds <= 86_400) return seconds;
  throw new AppError('usage', '--ttl has to be from 1m to 24h');
}

function labelsOf(texts: readonly string[]): Record<string, string> {
  const labels = new Map<string, string>();
  for (const text of texts.flatMap((one) => one.split(','))) {
    const [key = '', value, ...more] = text.split('=');
    const problem =
      value === undefined || more.length > 0
        ? 'it is written KEY=VALUE'
        : (labelKeyProblem(key) ?? labelValueProblem(value));
    if (value === undefined || problem !== undefined) {
      throw new AppError('usage', `"${text}" is not a label: ${problem}`, {
        hint: 'Write --label env=prod.',
      });
    }
    if (labels.has(key)) throw new AppError('usage', `The label "${key}" is given twice`);
    labels.set(key, value);
  }
  return Object.fromEntries(labels);
}

function isThere(error: unknown): error is AppError {
  return isAppError(error, 'already_exists') || isAppError(error, 'stale_resource');
}

/** A join token is advised where an agent is awaited and none could join. */
async function alreadyThere(
  context: CommandContext,
  client: AmbitClient,
  name: string,
  cause: AppError,
): Promise<AppError> {
  const { status } = await client.api.getCluster({ params: { name } });
  const message = `cluster/${name} exists already`;
  if (status.phase !== 'AwaitingAgent') {
    const nextCommand = `ambit cluster status ${name}`;
    const hint = 'It has an agent; a new one, in its place, needs only a join token.';
    return new AppError('already_exists', message, { hint, nextCommand, cause });
  }
  const token = await goodToken(context, client, name);
  if (token !== undefined) {
    const ends = relativeTime(token.expiresAt, context.now());
    const hint = `Join token ${token.id} waits for its agent and ends ${ends}: start the agent with the command that was printed with it.`;
    return new AppError('already_exists', message, { hint, cause });
  }
  const hint = 'Its agent needs only a join token.';
  const nextCommand = `ambit cluster join-token ${name}`;
  return new AppError('already_exists', message, { hint, nextCommand, cause });
}

/** The command goes to stdout, so that it can be piped to where the cluster is. */
function tellAgentCommand(context: CommandContext, token: JoinTokenCreated): void {
  const good = shortDuration(instantMillis(token.expiresAt) - instantMillis(token.createdAt));
  context.say(
    `Run this where a kubeconfig of the cluster is; the token is good once, for ${good}. Before, give the account of that`,
  );
  context.say(
    'kubeconfig the rights that "ambit-agent print-rbac" and "ambit-agent print-policy" print for the same ceiling.',
  );
  context.say(
    'Without --ceiling FILE the agent takes the default ceiling: view and edit in namespaces.',
  );
  // Not as an argument: every account of a machine can read command lines.
  context.terminal.out.line(
    `  echo ${shellWords([token.token])} | npx ambit-agent --kubeconfig FILE --ceiling FILE --server ${shellWords([token.agentAddress])} --join-token-file -`,
  );
}

async function waitForAgent(
  context: CommandContext,
  client: AmbitClient,
  name: string,
): Promise<ExitCode> {
  const started = context.now();
  const elapsed = () => shortDuration(context.now() - started);
  context.say(`waiting for the agent of ${name} (Ctrl-C leaves the cluster as it is)`);
  let enrolled = false;
  while (context.now() - started < waitMs) {
    const { status } = await client.api.getCluster({ params: { name }, signal: context.signal });
    if (status.agent !== undefined && !enrolled) context.say(`agent enrolled  ${elapsed()}`);
    enrolled = status.agent !== undefined;
    if (status.connected) return connected(context, name, status, elapsed());
    await sleep(pollMs, undefined, { signal: context.signal });
  }
  context.say(`${name} is not connected after ${shortDuration(waitMs)}`);
  context.say(
    enrolled
      ? 'The agent enrolled and its stream did not come: look at its log.'
      : 'No agent used the token: check that it runs, and that it reaches the address above.',
  );
  return exitCodes.waiting;
}

function connected(
  context: CommandContext,
  name: string,
  { agent, ceiling }: Cluster['status'],
  elapsed: string,
): ExitCode {
  const kubernetes =
    agent?.kubernetesVersion === undefined ? '' : `, Kubernetes ${agent.kubernetesVersion}`;
  context.say(`agent connected  ${elapsed}  ${agent?.version ?? ''}${kubernetes}`);
  if (ceiling !== undefined) {
    context.say(`it may bind: ${ceiling.allowedClusterRoles.join(', ') || 'nothing'}`);
  }
  context.terminal.out.line(`cluster/${name} connected`);
  return exitCodes.done;
}
