import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AmbitClient } from '@ambit/client';
import type { Group, User } from '@ambit/contracts';
import { AppError, defined, isAppError, printable } from '@ambit/kernel';
import type { CommandContext } from '../command-context.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { besideKnown, type KnownSubjects } from '../import/known-subjects.ts';
import { proposePolicy } from '../import/propose-policy.ts';
import type { ExistingObject, Proposal, ProposedObject } from '../import/propose-policy.ts';
import { findKind } from '../kinds.ts';
import { oneLine } from '../output/one-line.ts';
import { yamlText } from '../output/yaml-text.ts';
import { listUnmanaged } from './get-unmanaged.ts';

interface ImportOptions {
  readonly output?: string;
}

/** `ambit cluster import-rbac`: it proposes, and changes nothing. */
export async function clusterImportRbac(
  context: CommandContext,
  [name = '']: readonly string[],
  { output = '-' }: ImportOptions,
): Promise<ExitCode> {
  const client = await context.client();
  const cluster = await client.api.getCluster({ params: { name } });
  const told = await listUnmanaged(client, name, { system: 'false', rules: 'true' });
  if (told.leftOut === undefined) {
    throw new AppError('not_ready', `${name} has not told of its bindings`, {
      why: 'Its agent is older than this command, or never came.',
      nextCommand: `ambit cluster status ${name}`,
    });
  }
  const proposal = proposePolicy({
    cluster: name,
    userPrefix: cluster.spec.subjects.userPrefix,
    bindings: told.items,
    roles: await listAll(client, 'role'),
    grants: await listAll(client, 'grant'),
    ...defined({ ceiling: cluster.status.ceiling }),
  });
  const fresh = besideKnown(proposal, await knownSubjects(client, proposal));
  const notes =
    told.leftOut === 0
      ? []
      : [
          `${told.leftOut} bindings are missing here: they are too many, or too large, for the agent to tell.`,
        ];
  await write(context, name, { ...fresh, notes: [...notes, ...fresh.notes] }, output);
  return exitCodes.done;
}

async function listAll(client: AmbitClient, word: 'role' | 'grant'): Promise<ExistingObject[]> {
  const { list } = findKind(word);
  const items: ExistingObject[] = [];
  let next: string | undefined;
  do {
    const page = await list(client, {
      limit: 500,
      ...(next === undefined ? {} : { continue: next }),
    });
    items.push(...(page.items as readonly ExistingObject[]));
    next = page.metadata.continue;
  } while (next !== undefined);
  return items;
}

const asksAtOnce = 16;

/** Of the users and groups that are proposed those that there are. */
async function knownSubjects(client: AmbitClient, { objects }: Proposal): Promise<KnownSubjects> {
  const known = new Map<string, User | Group>();
  const asked = objects.filter(({ kind }) => kind === 'User' || kind === 'Group');
  for (let at = 0; at < asked.length; at += asksAtOnce) {
    const some = asked.slice(at, at + asksAtOnce);
    const found = await Promise.all(some.map((each) => find(client, each)));
    for (const each of found)
      if (each !== undefined) known.set(`${each.kind.toLowerCase()}/${each.metadata.name}`, each);
  }
  return known;
}

async function find(
  client: AmbitClient,
  { kind, metadata }: ProposedObject,
): Promise<User | Group | undefined> {
  try {
    return (await findKind(kind).get(client, metadata.name)) as User | Group;
  } catch (error) {
    if (isAppError(error, 'not_found')) return undefined;
    throw error;
  }
}

async function write(
  context: CommandContext,
  cluster: string,
  { objects, notes }: Pick<Proposal, 'objects' | 'notes'>,
  output: string,
): Promise<void> {
  const head = [
    `Proposed by ambit cluster import-rbac ${cluster}. Nothing was changed; the bindings it was made from stand as they are.`,
    ...notes,
  ];
  const comment = head.map((line) => `# ${printable(oneLine(line))}\n`).join('');
  if (objects.length === 0) context.say(`There is nothing in ${printable(cluster)} to propose.`);
  if (output === '-') {
    context.terminal.out.write(comment + (await documents(objects)));
    return;
  }
  await mkdir(output, { recursive: true });
  const path = join(output, `${cluster}.yaml`);
  try {
    await writeFile(path, comment + (await documents(objects)), { flag: 'wx' });
  } catch (cause) {
    throw new AppError('usage', `${path} cannot be written`, {
      why: cause instanceof Error ? cause.message : String(cause),
      hint: 'A file that is there is not written over: take it away, or name another folder.',
    });
  }
  context.say(
    `${path} written: ${objects.length} objects. Next: ambit apply --dry-run server -f ${output}`,
  );
}

async function documents(objects: readonly ProposedObject[]): Promise<string> {
  const texts = await Promise.all(objects.map((each) => yamlText(each)));
  return texts.map((text) => `---\n${text}`).join('');
}
