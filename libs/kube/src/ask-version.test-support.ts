import { KubeClient } from './kube-client.ts';
import { loadKubeconfig } from './kubeconfig.ts';

// A process of its own, because the variables that a test sets are read once or by the platform itself.
const [path = ''] = process.argv.slice(2);
const client = new KubeClient({ connection: await loadKubeconfig(path), timeoutMs: 5_000 });
try {
  process.stdout.write(`connected to ${(await client.version()).gitVersion}\n`);
} catch (error) {
  process.stdout.write(`refused: ${(error as Error).message}\n`);
} finally {
  client.close();
}
