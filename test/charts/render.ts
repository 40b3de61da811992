import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kubernetesVersion } from '@ambit/dev-cluster';
import { parseAllDocuments, stringify } from 'yaml';
import { house } from '../planted/house-copy.ts';

export type Chart = 'ambit-agent' | 'ambit-central';

/** Any object of Kubernetes, as far as tests of charts look into it. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly rules?: readonly object[];
  readonly spec?: {
    readonly template?: PodTemplate;
    /** Of a CronJob. */
    readonly jobTemplate?: { readonly spec: { readonly template: PodTemplate } };
    readonly volumeClaimTemplates?: readonly { readonly metadata: { readonly name: string } }[];
    readonly groups?: unknown;
  };
}

interface PodTemplate {
  readonly metadata: object;
  readonly spec: { readonly volumes?: readonly object[] };
}

export interface Rendered {
  readonly exitCode: number;
  readonly text: string;
  readonly said: string;
}

export interface Render {
  readonly chart: Chart;
  readonly values: object;
  readonly namespace?: string;
  /** What `ambit-agent print-policy` printed. */
  readonly printed?: string;
  /** Of the cluster that is looked into; without it there is nothing. */
  readonly kubeconfig?: string;
}

/** Helm and Kubernetes read YAML 1.1, in which `no` is a boolean. */
const yamlOfGo = { version: '1.1' } as const;

export const namespaceOf = { 'ambit-agent': 'ambit-system', 'ambit-central': 'ambit' } as const;

export type HelmCommand = 'template' | 'lint' | 'install';

/** Runs helm with these values; an install is a dry run that needs a cluster, and shows the notes. A refusal is a result, not an error. */
export async function runHelm(
  helm: string,
  command: HelmCommand,
  { chart, values, namespace = namespaceOf[chart], printed, kubeconfig }: Render,
): Promise<Rendered> {
  const folder = await mkdtemp(join(tmpdir(), 'ambit-chart-'));
  try {
    const file = join(folder, 'values.yaml');
    const { admissionPolicies = {} } = values as { readonly admissionPolicies?: object };
    const given =
      printed === undefined ? {} : { admissionPolicies: { ...admissionPolicies, printed } };
    await writeFile(file, stringify({ ...values, ...given }, yamlOfGo));
    const path = join(house, 'helm', chart);
    const args = [...argumentsOf[command](chart), path];
    const more = ['--namespace', namespace, '--values', file];
    if (command !== 'install') more.push('--kube-version', kubernetesVersion);
    if (kubeconfig !== undefined && command === 'template') more.push('--dry-run=server');
    if (kubeconfig !== undefined) {
      const cluster = join(folder, 'kubeconfig');
      await writeFile(cluster, kubeconfig, { mode: 0o600 });
      more.push('--kubeconfig', cluster);
    }
    // Its own home: plugins and repositories of whoever runs the tests are none of theirs.
    return await run(helm, [...args, ...more], { HOME: folder });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const argumentsOf: Readonly<Record<HelmCommand, (release: string) => readonly string[]>> = {
  lint: () => ['lint', '--strict'],
  template: (release) => ['template', release],
  install: (release) => ['install', release, '--dry-run=server'],
};

function run(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Rendered> {
  return new Promise((resolve) => {
    execFile(
      program,
      args,
      { env: { ...env }, timeout: 30_000, maxBuffer: 16 * 1024 * 1024 },
      (error, text, said) => resolve({ exitCode: error === null ? 0 : 1, text, said: said + text }),
    );
  });
}

export const manifests = (text: string): Manifest[] =>
  parseAllDocuments(text, yamlOfGo).flatMap((document) => {
    const value = document.toJS() as Manifest | null;
    return value === null ? [] : [value];
  });

/** The pods that controllers would make of these, which no controller makes here: Pod Security judges pods alone. */
export function podsOf(all: readonly Manifest[]): Manifest[] {
  return all.flatMap(({ kind, metadata: { name, namespace }, spec }) => {
    const template = spec?.template ?? spec?.jobTemplate?.spec.template;
    if (template === undefined) return [];
    const metadata = { ...template.metadata, name: `${name}-${kind.toLowerCase()}`, namespace };
    const claims = (spec?.volumeClaimTemplates ?? []).map(({ metadata: { name: claim } }) => {
      return { name: claim, persistentVolumeClaim: { claimName: `${claim}-${name}-0` } };
    });
    const volumes = [...(template.spec.volumes ?? []), ...claims];
    return [
      { apiVersion: 'v1', kind: 'Pod', metadata, spec: { ...template.spec, volumes } } as Manifest,
    ];
  });
}
