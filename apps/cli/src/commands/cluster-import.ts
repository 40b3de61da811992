import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AmbitClient } from '@ambit/client';
import { AppError, defined, isAppError, printable } from '@ambit/kernel';
import type { CommandContext } from '../command-context.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
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
  const fresh = await withoutExisting(client, proposal);
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

/** Users and groups that there are stay as they are: applying a bare one would take away what they say. */
async function withoutExisting(
  client: AmbitClient,
  { objects, notes }: Proposal,
): Promise<Proposal> {
  const kept: ProposedObject[] = [];
  const there: string[] = [];
  for (let at = 0; at < objects.length; at += asksAtOnce) {
    const some = objects.slice(at, at + asksAtOnce);
    const exists = await Promise.all(some.map((each) => isThere(client, each)));
    for (const [index, each] of some.entries()) {
      if (exists[index] === true) there.push(`${each.kind.toLowerCase()}/${each.metadata.name}`);
      else kept.push(each);
    }
  }
  const said = there.map((name) => `${name} is there already: check that it is the same one.`);
  return { objects: kept, notes: [...said, ...notes] };
}

async function isThere(client: AmbitClient, { kind, metadata }: ProposedObject): Promise<boolean> {
  if (kind !== 'User' && kind !== 'Group') return false;
  try {
    await findKind(kind).get(client, metadata.name);
    return true;
  } catch (error) {
    if (isAppError(error, 'not_found')) return false;
    throw error;
  }
}

async function write(
  context: CommandContext,
  cluster: string,
  { objects, notes }: Proposal,
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
