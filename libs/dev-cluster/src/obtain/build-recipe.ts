import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { helmVersion, kubernetesVersion } from './pins.ts';

/** What is built, from which Go module, and how. */
export interface BuildRecipe {
  /** Folder of a Go module with go.mod and go.sum; it is never written. */
  readonly moduleFolder: string;
  /** Main packages; each program gets the last element of its package's path as its name. */
  readonly packages: readonly string[];
  readonly ldflags: string;
  /** Wall-clock seconds on one core with nothing cached, for the first estimate. */
  readonly coreSeconds: number;
}

/** All four programs in one `go build`, so that what they share is compiled once. */
export function kubernetesRecipe(): BuildRecipe {
  const commands = ['kube-apiserver', 'kube-controller-manager', 'kubectl'];
  const [major, minor] = kubernetesVersion.slice(1).split('.');
  const stamp = 'k8s.io/component-base/version';
  return {
    moduleFolder: moduleFolder('kubernetes'),
    packages: ['./etcd', ...commands.map((name) => `k8s.io/kubernetes/cmd/${name}`)],
    // Without the stamp the API server says it is v0.0.0-master.
    ldflags: `-s -w -X ${stamp}.gitVersion=${kubernetesVersion} -X ${stamp}.gitMajor=${major} -X ${stamp}.gitMinor=${minor}`,
    coreSeconds: 560,
  };
}

/** The program that renders the charts. */
export function helmRecipe(): BuildRecipe {
  return {
    moduleFolder: moduleFolder('helm'),
    packages: ['helm.sh/helm/v3/cmd/helm'],
    ldflags: `-s -w -X helm.sh/helm/v3/internal/version.version=${helmVersion}`,
    coreSeconds: 260,
  };
}

// The modules stand beside src and dist alike.
function moduleFolder(name: string): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, name, 'go.mod')) && folder !== dirname(folder)) {
    folder = dirname(folder);
  }
  return join(folder, name);
}
