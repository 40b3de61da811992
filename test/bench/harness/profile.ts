import { existsSync, readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { fileURLToPath } from 'node:url';
import { sampled, type CpuProfile } from './inspected.ts';

/** Where the time of one of our processes goes while it works, by part of the program. */
export interface Profile {
  /** Whose: `central`, `agent`. */
  readonly process: string;
  readonly busyMs: number;
  /** Shares of that, the largest first; what is less than a hundredth is left out. */
  readonly parts: readonly (readonly [part: string, share: number])[];
}

interface Seen {
  readonly process: string;
  readonly profile: CpuProfile;
}

/** Set while somebody wants to know. */
let seen: Seen[] | undefined;

/** Runs `work`, and takes samples of the process where `profiled` is under way. */
export async function watched<T>(
  { name, pid }: { readonly name: string; readonly pid: number },
  work: () => Promise<T>,
): Promise<T> {
  const into = seen;
  if (into === undefined) return work();
  const { value, profile } = await sampled(pid, work);
  into.push({ process: name, profile });
  return value;
}

/**
 * Does the work and tells where the time of the process goes that it watches, all it watches if that is started anew;
 * `here` names this process, where the work is done in it. Undefined where nothing was seen.
 */
export async function profiled(
  work: () => Promise<unknown>,
  here?: string,
): Promise<Profile | undefined> {
  const found: Seen[] = [];
  seen = found;
  try {
    await (here === undefined ? work() : watched({ name: here, pid: process.pid }, work));
  } finally {
    seen = undefined;
  }
  const [first] = found;
  const profiles = found.map(({ profile }) => profile);
  return first && summed(first.process, profiles);
}

const smallest = 0.01;

/** Profiles of the same process, added up by part. */
export function summed(name: string, profiles: readonly CpuProfile[]): Profile | undefined {
  const byPart = new Map<string, number>();
  let busyMs = 0;
  for (const profile of profiles) {
    for (const [part, ms] of timesOf(profile)) {
      byPart.set(part, (byPart.get(part) ?? 0) + ms);
      busyMs += ms;
    }
  }
  if (busyMs === 0) return undefined;
  const parts = Array.from(byPart, ([part, ms]) => [part, ms / busyMs] as const)
    .filter(([, share]) => share >= smallest)
    .sort(([, a], [, b]) => b - a);
  return { process: name, busyMs, parts };
}

type CallFrame = CpuProfile['nodes'][number]['callFrame'];

/** Milliseconds by part; what native code takes counts for whoever called it. */
function timesOf({ nodes, samples, timeDeltas }: CpuProfile): ReadonlyMap<string, number> {
  const parts = new Map<number, string>();
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const note = (id: number, above: string): void => {
    const node = byId.get(id);
    if (node === undefined) return;
    const part = partOf(node.callFrame) ?? above;
    parts.set(id, part);
    for (const child of node.children ?? []) note(child, part);
  };
  const [root] = nodes;
  if (root !== undefined) note(root.id, 'native code');
  const times = new Map<string, number>();
  samples.forEach((id, at) => {
    const part = parts.get(id) ?? 'native code';
    if (part === idle) return;
    times.set(part, (times.get(part) ?? 0) + (timeDeltas[at] ?? 0) / 1_000);
  });
  return times;
}

const idle = '(idle)';
/** What V8 calls what is no function. */
const ofV8: Readonly<Record<string, string>> = {
  [idle]: idle,
  '(garbage collector)': 'garbage collection',
  '(program)': 'native code',
};

/** Undefined for native functions, which say nothing of where they belong. */
function partOf({ functionName, url, lineNumber, columnNumber }: CallFrame): string | undefined {
  const told = ofV8[functionName];
  if (told !== undefined) return told;
  if (url === '') return undefined;
  if (url.startsWith('node:')) return partOfNode(url);
  return partOfSource(sourceOf(url, lineNumber, columnNumber));
}

/** `node:internal/http2/core` is part of `node:http2`. */
function partOfNode(url: string): string {
  const [first = ''] = url.replace(/^node:(internal\/)?/, '').split('/');
  return `node:${first.replace(/^_/, '').replace(/_.*$/, '')}`;
}

/** What stands in front of the name of a part, by where its sources lie. */
const places: readonly (readonly [where: RegExp, before: string])[] = [
  [/.*node_modules\/(?!@ambit\/)((?:@[^/]+\/)?[^/]+)/, ''],
  [/libs\/([^/]+)\//, 'libs/'],
  [/apps\/([^/]+)\/(?:src|dist)\/(?:features\/)?([^/.]+)/, 'apps/'],
];

function partOfSource(source: string): string {
  for (const [where, before] of places) {
    const found = where.exec(source);
    if (found !== null) return before + found.slice(1).join('/');
  }
  return 'the benchmark';
}

const maps = new Map<string, SourceMap | undefined>();

/** The file that a place of a bundle was made from; the file itself where there is no map. */
function sourceOf(url: string, line: number, column: number): string {
  if (!maps.has(url)) maps.set(url, mapOf(url));
  const entry = maps.get(url)?.findEntry(line, column);
  if (entry === undefined || !('originalSource' in entry)) return url;
  // It is told as seen from the bundle.
  return URL.canParse(entry.originalSource, url) ? new URL(entry.originalSource, url).href : url;
}

function mapOf(url: string): SourceMap | undefined {
  const file = url.startsWith('file:') ? `${fileURLToPath(url)}.map` : `${url}.map`;
  if (!existsSync(file)) return undefined;
  const payload = JSON.parse(readFileSync(file, 'utf8')) as ConstructorParameters<
    typeof SourceMap
  >[0];
  return new SourceMap(payload);
}
