import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { Environment } from '@ambit/config';

/** The files that kubectl reads, in its order: those of KUBECONFIG, else the one in the home. */
export function kubeconfigPaths(env: Environment): readonly string[] {
  const named = (env['KUBECONFIG'] ?? '').split(delimiter).filter((path) => path !== '');
  if (named.length > 0) return [...new Set(named)];
  return [join(env['HOME'] || homedir(), '.kube', 'config')];
}
