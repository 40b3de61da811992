import { chown, chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Manifest } from '../charts/render.ts';
import type { ContainerStart, Mount } from './container-host.ts';

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}

interface EnvironmentVariable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: {
    readonly secretKeyRef?: { readonly name: string; readonly key: string };
    readonly fieldRef?: { readonly fieldPath: string };
  };
}

/** A container of a pod, as our charts write it. */
export interface PodContainer {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly EnvironmentVariable[];
  readonly volumeMounts?: readonly {
    readonly name: string;
    readonly mountPath: string;
    readonly readOnly?: boolean;
  }[];
  readonly securityContext: object;
  readonly readinessProbe?: Probe;
}

/** A pod, as our charts write it. */
export interface PodSpec {
  readonly securityContext: { readonly runAsUser: number; readonly runAsGroup: number };
  readonly terminationGracePeriodSeconds?: number;
  readonly initContainers?: readonly PodContainer[];
  readonly containers: readonly PodContainer[];
}

/** What a cluster would give a pod. */
export interface PodSurroundings {
  readonly namespace: string;
  /** By Secret, then by key. */
  readonly secrets?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Folder of each volume. */
  readonly volumes: Readonly<Record<string, string>>;
  /** In place of what the chart says, as all containers here share one network. */
  readonly env?: Readonly<Record<string, string>>;
  readonly mounts?: Readonly<Record<string, Mount>>;
}

/** The pod of the one object of this kind, or the one Pod of this name. */
export function podOf(all: readonly Manifest[], kind: string): PodSpec {
  const found = all.find((each) => each.kind === kind);
  const spec = kind === 'Pod' ? found?.spec : found?.spec?.template?.spec;
  if (spec === undefined) throw new Error(`the chart makes no ${kind}`);
  return spec as PodSpec;
}

/** How a kubelet would start this container. The user, and the root file system, are looked at by a test of their own. */
export function podContainerStart(
  name: string,
  container: PodContainer,
  image: string,
  around: PodSurroundings,
): ContainerStart {
  const env = (container.env ?? []).map((each) => [each.name, valueOf(each, around)] as const);
  const mounts = (container.volumeMounts ?? []).map(
    ({ name: volume, mountPath, readOnly = false }) => {
      const source = around.volumes[volume];
      if (source === undefined) throw new Error(`no folder for the volume ${volume}`);
      return [mountPath, { source, readOnly }] as const;
    },
  );
  return {
    name,
    image,
    ...(container.command === undefined ? {} : { command: container.command }),
    ...(container.args === undefined ? {} : { args: container.args }),
    env: { ...Object.fromEntries(env), ...around.env },
    mounts: { ...Object.fromEntries(mounts), ...around.mounts },
  };
}

function valueOf({ name, value, valueFrom }: EnvironmentVariable, around: PodSurroundings): string {
  if (value !== undefined) return value;
  if (valueFrom?.fieldRef?.fieldPath === 'metadata.namespace') return around.namespace;
  const secret = valueFrom?.secretKeyRef;
  const found = secret === undefined ? undefined : around.secrets?.[secret.name]?.[secret.key];
  if (found === undefined) throw new Error(`nothing is known for ${name}`);
  return found;
}

/** An empty volume as a kubelet hands it to a pod with this fsGroup: of root, and writable for the group. */
export async function emptyVolume(folder: string, name: string, group: number): Promise<string> {
  const path = join(folder, name);
  await mkdir(path);
  await chown(path, 0, group);
  await chmod(path, 0o2775);
  return path;
}
