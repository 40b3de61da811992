import type { Command as Commander } from 'commander';
import type { Action } from '../command-context.ts';

/** Providers of the company with which people sign in. */
export function defineProviderCommands(program: Commander, action: Action): void {
  const idp = program.command('idp').description('Providers with which people sign in.');
  idp
    .command('ls')
    .alias('list')
    .description('The providers there are: ambit get identityproviders.')
    .option('-o, --output <format>', 'table, wide, json, yaml or name', 'table')
    .action(
      action(async () => {
        const { get } = await import('../commands/get.ts');
        return (context, _args, options: { readonly output?: string }) =>
          get(context, ['identityproviders'], options);
      }),
    );
  idp
    .command('test <name>')
    .summary('Sign in with a provider, changing nothing, and see what would come of it.')
    .description(
      'Print a link, and open it where there is a browser. Whoever signs in there sees, as you do, what the provider says of them, whom that would be, which groups and access it would give, and what would be refused and why. Nothing is changed. The exit code is 4 when nobody would come in.',
    )
    .option('-o, --output <format>', 'table, json or yaml', 'table')
    .action(action(async () => (await import('../commands/idp-test.ts')).testProvider));
  const directory = program
    .command('directory')
    .description('Where people and groups come from: directories of providers.');
  directory
    .command('status [provider]')
    .summary('How many people and groups came, when it called last, and what went wrong last.')
    .description(
      'How the directories do, or that of one provider. One that would have taken more than a quarter of its people, and more than twenty, away within ten minutes is stopped: it takes nothing away until you resume it.',
    )
    .option('-o, --output <format>', 'table, wide, json, yaml or name', 'table')
    .action(action(async () => (await import('../commands/directory.ts')).showDirectories));
  directory
    .command('resume <provider>')
    .summary('Let a directory that was stopped go on: for an hour whatever it takes away passes.')
    .action(action(async () => (await import('../commands/directory.ts')).resumeDirectory));
}
