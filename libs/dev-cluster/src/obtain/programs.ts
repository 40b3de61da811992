/** The four programs a control plane is made of. */
export const programNames = [
  'kube-apiserver',
  'etcd',
  'kube-controller-manager',
  'kubectl',
] as const;
export type ProgramName = (typeof programNames)[number];

/** Where a program was taken from. */
export type ProgramSource = 'assets' | 'cache' | 'download' | 'build';

export interface Program {
  readonly path: string;
  readonly source: ProgramSource;
}

export type Programs = Readonly<Record<ProgramName, Program>>;
export type SomePrograms = Partial<Record<ProgramName, Program>>;

/** The programs that `found` lacks. */
export function missingPrograms(found: SomePrograms): readonly ProgramName[] {
  return programNames.filter((name) => found[name] === undefined);
}

/** All four, or undefined. */
export function completePrograms(found: SomePrograms): Programs | undefined {
  return missingPrograms(found).length === 0 ? (found as Programs) : undefined;
}

const phrases: Readonly<Record<ProgramSource, string>> = {
  assets: 'KUBEBUILDER_ASSETS',
  cache: 'the cache',
  download: 'the official release, downloaded just now',
  build: 'their Go modules, built just now',
};

/** Where the programs came from, as a phrase such as "the cache (/home/me/.cache/…)". */
export function describeSources(programs: Programs): string {
  const folders = new Map<string, string>();
  for (const name of programNames) {
    const { path, source } = programs[name];
    folders.set(phrases[source], path.slice(0, path.lastIndexOf('/')));
  }
  return [...folders].map(([phrase, folder]) => `${phrase} (${folder})`).join(' and ');
}
