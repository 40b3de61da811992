import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { AppError } from '@ambit/kernel';
import type { Environment } from '@ambit/config';
import { systemCode } from './storage-error.ts';

export interface GoRun {
  readonly args: readonly string[];
  readonly cwd: string;
  readonly environment: Environment;
  /** Called with each line of standard error as it comes. */
  readonly onLine?: ((line: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Runs `go` and gives its standard output. Throws `kubernetes_unavailable` with a next step, or `storage_full`. */
export async function runGo(run: GoRun): Promise<string> {
  const child = spawn('go', run.args, {
    cwd: run.cwd,
    env: { ...run.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(run.signal && { signal: run.signal }),
  });
  const tail: string[] = [];
  const lines = createInterface({ input: child.stderr });
  lines.on('line', (line) => {
    tail.push(line);
    if (tail.length > 30) tail.shift();
    run.onLine?.(line);
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', (error) => reject(cannotRun(error)));
    child.once('close', resolve);
  });
  const [output, code] = await Promise.all([text(child.stdout), ended]);
  if (code === 0) return output;
  throw failed(run.args[0] ?? '', tail);
}

function cannotRun(error: Error): unknown {
  if (systemCode(error) !== 'ENOENT' && systemCode(error) !== 'EACCES') return error;
  return new AppError(
    'kubernetes_unavailable',
    'There is no Go on this machine (no "go" on the PATH).',
    {
      hint: 'Install Go 1.26 or newer from https://go.dev/dl, or set KUBEBUILDER_ASSETS to a folder with the programs.',
      cause: error,
    },
  );
}

const network =
  /dial tcp|no such host|connection refused|proxyconnect|i\/o timeout|TLS handshake|GOPROXY=off|module lookup disabled|network is unreachable|: 40[0-9] |: 50[0-9] /;

function failed(command: string, tail: readonly string[]): AppError {
  const all = tail.join('\n');
  const said = tail.filter((line) => !line.startsWith('go: downloading')).slice(-3);
  const why = said.join(' ').trim();
  if (all.includes('no space left on device')) {
    return new AppError(
      'storage_full',
      'The disk is full: Go needs about 5 GB while it builds Kubernetes.',
      {
        hint: 'Free some space, or point GOCACHE and GOMODCACHE to another disk.',
        why,
      },
    );
  }
  if (all.includes('checksum mismatch') || all.includes('SECURITY ERROR')) {
    return new AppError(
      'kubernetes_unavailable',
      'A Go module is not the one that go.sum pins. It was refused.',
      {
        hint: 'A proxy may have changed it: run "go clean -modcache" and look at GOPROXY.',
        why,
      },
    );
  }
  if (network.test(all)) {
    return new AppError('kubernetes_unavailable', 'Go could not fetch the modules of Kubernetes.', {
      hint: 'Connect to the network, or set HTTPS_PROXY or GOPROXY to a proxy that is reachable from here.',
      why,
    });
  }
  if (all.includes('requires go >=')) {
    return new AppError('kubernetes_unavailable', 'The Go on this machine is too old.', {
      hint: 'Install Go 1.26 or newer from https://go.dev/dl.',
      why,
    });
  }
  return new AppError('kubernetes_unavailable', `go ${command} failed.`, { why });
}
