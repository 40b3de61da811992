import { chmod, mkdtemp, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { AppError } from '@ambit/kernel';
import { extract } from 'tar';
import type { OnProgress } from '../dev-cluster.ts';
import type { Environment } from '@ambit/config';
import { downloadFile } from './download-file.ts';
import type { HttpLimits } from './open-url.ts';
import type { Release } from './pins.ts';
import type { ProgramName } from './programs.ts';

export interface DownloadPrograms {
  readonly releases: readonly Release[];
  /** The programs that are asked for; releases that hold none of them are not touched. */
  readonly wanted: readonly ProgramName[];
  readonly folder: string;
  readonly environment: Environment;
  readonly limits: HttpLimits;
  readonly onProgress: OnProgress;
  readonly signal?: AbortSignal | undefined;
}

/** Puts the wanted programs that official releases hold into the folder, verified and whole. Throws as `downloadFile`. */
export async function downloadPrograms(options: DownloadPrograms): Promise<void> {
  for (const release of options.releases) {
    const programs = release.programs.filter((name) => options.wanted.includes(name));
    if (programs.length > 0) await downloadRelease(release, programs, options);
  }
}

async function downloadRelease(
  release: Release,
  programs: readonly ProgramName[],
  options: DownloadPrograms,
): Promise<void> {
  const name = basename(new URL(release.url).pathname);
  const to = join(options.folder, release.form === 'program' ? `${name}.verified` : name);
  await downloadFile({
    url: release.url,
    checksum: release.checksum,
    to,
    environment: options.environment,
    limits: options.limits,
    signal: options.signal,
    onBytes: report(name, options.onProgress),
  });
  if (release.form === 'program') return placeProgram(to, join(options.folder, name));
  options.onProgress({ phase: 'unpack', message: `unpacking ${name}` });
  const unpacked = await mkdtemp(join(options.folder, '.unpack-'));
  try {
    const paths = await unpack(to, unpacked, programs);
    for (const [program, path] of paths) {
      await placeProgram(join(unpacked, path), join(options.folder, program));
    }
    await rm(to, { force: true });
  } finally {
    await rm(unpacked, { recursive: true, force: true });
  }
}

async function unpack(
  file: string,
  folder: string,
  programs: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const paths = new Map<string, string>();
  await extract({
    file,
    cwd: folder,
    strict: true,
    filter: (path, entry) => {
      const wanted = programs.includes(basename(path)) && 'type' in entry && entry.type === 'File';
      if (wanted) paths.set(basename(path), path);
      return wanted;
    },
  });
  const absent = programs.filter((program) => !paths.has(program));
  if (absent.length === 0) return paths;
  throw new AppError('kubernetes_unavailable', `${basename(file)} holds no ${absent.join(', ')}.`);
}

async function placeProgram(from: string, to: string): Promise<void> {
  await chmod(from, 0o755);
  await rename(from, to);
}

function report(
  name: string,
  onProgress: OnProgress,
): (received: number, total: number | undefined) => void {
  const began = performance.now();
  let first: number | undefined;
  let toldAt = -Infinity;
  return (received, total) => {
    first ??= received;
    const now = performance.now();
    if (now - toldAt < 500 && received !== total) return;
    toldAt = now;
    const message = `downloading ${name}: ${megabytes(received)} of ${total ? megabytes(total) : 'unknown'} MB`;
    if (total === undefined) return onProgress({ phase: 'download', message });
    const perSecond = ((received - first) * 1000) / Math.max(1, now - began);
    onProgress({
      phase: 'download',
      message,
      percent: Math.floor((received / total) * 100),
      ...(perSecond > 0 && { etaSeconds: Math.ceil((total - received) / perSecond) }),
    });
  };
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
