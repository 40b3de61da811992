import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DemoStage } from '../stage/demo-stage.ts';
import { clusterOf } from '../stage/demo-stage.ts';
import { userPrefix } from './access-table.ts';

const person = 'ada@example.com';

/** Leaves everything running, says how to play with it, and resolves at Ctrl-C. */
export async function stayUp(stage: DemoStage): Promise<void> {
  const { printer, central, folder, signal, kubectl, tls, provider } = stage;
  const kubeconfig = join(folder.path, 'ada.kubeconfig');
  const { dev, adminKubeconfig } = clusterOf(stage, 'staging-eu');
  const identity = { user: `${userPrefix}${person}` };
  await writeFile(kubeconfig, await dev.kubeconfigFor(identity), { mode: 0o600 });
  const tokenFile = join(folder.path, 'admin-token');
  await writeFile(tokenFile, `${central.token}\n`, { mode: 0o600 });
  printer.step('It stays up until Ctrl-C');
  for (const line of [
    `REST, OpenAPI      ${central.url}/api/v1/openapi.json`,
    `sign-in            ${central.url}/sign-in, by ${provider.title}: type ada, there are no passwords`,
    `health, metrics    ${central.healthUrl}/metrics`,
    `data and logs      ${folder.path}`,
    '',
    'In another terminal, in this folder:',
    `  export AMBIT_SERVER=${central.url} AMBIT_CA_FILE=${tls.caFile} AMBIT_TOKEN=$(cat ${tokenFile})`,
    '  npx ambit get grants',
    `  npx ambit grant ${person} reader prod-eu/shop --for 10m --reason "try it"`,
    `  npx ambit who-can get pods --in prod-eu/shop`,
    '  npx ambit activity -f',
    '',
    `As ${person} in staging-eu, and as its admin:`,
    `  KUBECONFIG=${kubeconfig} ${kubectl} -n payments get pods`,
    `  KUBECONFIG=${adminKubeconfig} ${kubectl} get rolebindings -A`,
  ]) {
    printer.line(`   ${line}`.trimEnd());
  }
  if (!signal.aborted) await once(signal, 'abort');
}
