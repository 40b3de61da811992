import type { PolicyDocument } from '@ambit/contracts';
import { CompanyPerson } from '../stage/company-person.ts';
import { offerToCentral } from '../stage/company-provider.ts';
import { clusterOf, type DemoStage } from '../stage/demo-stage.ts';
import type { DemoCluster } from '../stage/demo-cluster.ts';
import { eventuallyTrue } from '../stage/eventually-true.ts';
import { PersonsMachine } from '../stage/persons-machine.ts';
import { programPaths } from '../stage/program-paths.ts';
import { printedBy } from '../stage/run-command.ts';
import { trustIssuer } from '../stage/ways-in.ts';

const person = 'ben@example.com';
const namespace = 'payments';
const checkedBy = {
  Webhook: 'a token that its agent checks',
  OIDC: 'a token that the API server checks by itself (OIDC)',
} as const;

/** A person signs in once with the account of the company, works in two clusters with tokens that each checks in its own way, is locked, and is refused. */
export async function tellGettingIn(stage: DemoStage): Promise<void> {
  const { printer, clusters } = stage;
  printer.step(`${person} signs in at the company's provider, works with kubectl, and is locked`);
  await offerProvider(stage);
  if (clusters.some(({ dev }) => dev.kind === 'simulated')) {
    printer.note('Simulated API servers take no tokens: real ones show how people get in.');
    return;
  }
  await trustIssuer(stage.folder.path, await authConfig(stage));
  const machine = await signIn(stage);
  for (const { plan } of clusters) await work(stage, machine, plan.name);
  await lock(stage, machine);
}

/** What the owner of a cluster gives to its API server, which reads the file again while it runs. */
function authConfig({ central, clusters, tls, environment, signal }: DemoStage): Promise<string> {
  const name = clusters.find(({ plan }) => plan.via === 'OIDC')?.plan.name ?? '';
  const admin = { AMBIT_SERVER: central.url, AMBIT_TOKEN: central.token };
  return printedBy(
    process.execPath,
    [programPaths.cli, 'cluster', 'auth-config', name, '--ca-file', tls.caFile],
    { environment: { ...environment, ...admin }, signal },
  );
}

async function offerProvider({ printer, client, provider, folder }: DemoStage): Promise<void> {
  const object = await offerToCentral(provider, folder.path);
  await client.api.apply({ body: { objects: [object] } });
  printer.done(`central sends people to ${provider.issuer}, by IdentityProvider ${provider.name}`);
}

async function signIn(stage: DemoStage): Promise<PersonsMachine> {
  const { printer, central, tls, provider, signal } = stage;
  const who = new CompanyPerson(provider, 'ben', { ca: tls.ca, signal });
  const machine = await PersonsMachine.open(stage, 'ben');
  printer.note(`ambit login ${central.url} --device`);
  const began = performance.now();
  await machine.login((link) => who.approve(link, person));
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  printer.done(
    `signed in at ${provider.name} and approved in a browser: in after ${seconds} s (the command asks every 5 s)`,
  );
  return machine;
}

async function work(stage: DemoStage, machine: PersonsMachine, name: string): Promise<void> {
  const { printer, signal } = stage;
  const used = await machine.ambit('use', `${name}/${namespace}`);
  if (used.exitCode !== 0) throw new Error(used.stderr);
  const isIn = async (): Promise<boolean> => (await machine.kubectl('get', 'pods')).exitCode === 0;
  // An API server looks at its file every ten seconds.
  const what = `kubectl works in ${name}`;
  await eventuallyTrue(isIn, { what, withinMs: 40_000, everyMs: 200, signal });
  const who = await machine.kubectl('auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}');
  const { via } = clusterOf(stage, name).plan;
  printer.done(`${name}: kubectl get pods works as ${who.stdout}, by ${checkedBy[via]}`);
}

async function lock(stage: DemoStage, machine: PersonsMachine): Promise<void> {
  const { printer, client, clusters } = stage;
  printer.note(`ambit user lock ${person}`);
  const { metadata, spec } = await client.api.getUser({ params: { name: person } });
  const locked = {
    apiVersion: 'ambit.dev/v1',
    kind: 'User',
    metadata: { name: person, labels: metadata.labels },
    spec: { ...spec, active: false },
  } as PolicyDocument;
  const began = performance.now();
  const after = (): string => `${Math.round(performance.now() - began)} ms`;
  const answered = client.api.apply({ body: { objects: [locked] } }).then(after);
  const refused = clusters.map(async (cluster) => {
    await whenRefused(stage, machine, cluster, /Forbidden/);
    return `${cluster.plan.name}: kubectl is refused ${after()} after the command (Forbidden)`;
  });
  printer.done(`central answered after ${await answered}`);
  for (const line of await Promise.all(refused)) printer.done(line);
  const asking = clusters.filter(({ plan }) => plan.via === 'Webhook');
  for (const cluster of asking) {
    // kubectl then asks for another token, and is told that the session is over.
    await whenRefused(stage, machine, cluster, /Unauthorized|must be logged in|session/);
    printer.done(
      `${cluster.plan.name}: its token is good for nothing ${after()} after the command`,
    );
  }
}

async function whenRefused(
  { signal }: DemoStage,
  machine: PersonsMachine,
  { plan }: DemoCluster,
  by: RegExp,
): Promise<void> {
  const isRefused = async (): Promise<boolean> => {
    const { exitCode, stderr } = await machine.kubectl(
      `--context=ambit-${plan.name}`,
      `--namespace=${namespace}`,
      'get',
      'pods',
    );
    return exitCode !== 0 && by.test(stderr);
  };
  const what = `kubectl was refused in ${plan.name}`;
  await eventuallyTrue(isRefused, { what, withinMs: 30_000, everyMs: 20, signal });
}
