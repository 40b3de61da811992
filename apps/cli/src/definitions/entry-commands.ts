import type { Command as Commander } from 'commander';
import type { Action } from '../command-context.ts';

/** Ways into clusters: which there are, kubectl's entries for them, and commands that run in one. */
export function defineEntryCommands(program: Commander, action: Action): void {
  program
    .command('clusters')
    .alias('ls')
    .description('The clusters where you have access, with roles and namespaces.')
    .option('-o, --output <format>', 'table, wide, json, yaml or name', 'table')
    .action(action(async () => (await import('../commands/clusters.ts')).clusters));
  program
    .command('use <place>')
    .summary('Switch kubectl to a cluster, or CLUSTER/NAMESPACE; "use -" goes back.')
    .description(
      'Write the entries of a cluster into the kubeconfig and make it the current context. PLACE is CLUSTER, CLUSTER/NAMESPACE, or - for where you were before.',
    )
    .action(action(async () => (await import('../commands/use.ts')).use));
  program
    .command('kubeconfig')
    .summary('Write or refresh the entries of all your clusters for kubectl.')
    .description(
      'Write or refresh the entries of all your clusters in the kubeconfig, and take out those of clusters where you have access no more. The current context, and what this command did not write, stay as they are. The entries hold no secret: kubectl calls `ambit credential`.',
    )
    .option('--print', 'print them as a kubeconfig and write nothing')
    .option('--remove', 'take all entries of this central out')
    .option('--dry-run', 'say what would change')
    .option('--context-template <text>', 'names of contexts: {cluster} and {user} stand for those')
    .action(action(async () => (await import('../commands/kubeconfig.ts')).kubeconfig));
  program
    .command('run <place> <command...>')
    .usage('<place> -- <command...>')
    .summary('Run one command in a cluster: run CLUSTER[/NS] -- kubectl get pods')
    .description(
      'Run a command with a kubeconfig of its own, of one cluster or CLUSTER/NAMESPACE. Yours stays as it is. The exit code is that of the command.',
    )
    .action(action(async () => (await import('../commands/run.ts')).run));
  program
    .command('shell <place>')
    .summary('A shell in a cluster, with the place in its prompt.')
    .description(
      'Start your shell with a kubeconfig of its own, of one cluster or CLUSTER/NAMESPACE, which is gone when the shell ends.',
    )
    .action(action(async () => (await import('../commands/run.ts')).shell));
}
