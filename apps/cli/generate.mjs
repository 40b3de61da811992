// Writes docs/reference/ambit.md, the reference of every command, from the definitions that the command itself uses.
// With `--check` nothing is written and a difference is an error.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import prettier from 'prettier';
import { buildProgram } from './src/program.ts';

const file = fileURLToPath(new URL('../../docs/reference/ambit.md', import.meta.url));
const output = { write: () => undefined, isTerminal: false, columns: 100, colour: false };
const program = buildProgram({ env: {}, terminal: { out: output, err: output } }, { code: 0 });
// Commands share the configuration of the program by reference.
Object.assign(program.configureHelp(), { showGlobalOptions: false });

function pagesOf(command, path) {
  const name = [...path, command.name()];
  const help = command.createHelp();
  const own = `## ${name.join(' ')}\n\n\`\`\`text\n${command.helpInformation().trim()}\n\`\`\`\n`;
  const below = help
    .visibleCommands(command)
    .filter((one) => one.name() !== 'help')
    .flatMap((one) => pagesOf(one, name));
  return [own, ...below];
}

let more = '';
program.configureOutput({ writeOut: (text) => (more += text) });
program.outputHelp();
const [, after = ''] = /(\nScopes:[\s\S]*)$/.exec(more) ?? [];
const [first, ...others] = pagesOf(program, []);
const text = [
  '# The command `ambit`',
  'What `--help` says, for every command. Written by `npm run gen`.',
  first
    .replace('## ambit', '## Options of every command')
    .replace(/\n```\n$/, `\n${after.trimEnd()}\n\`\`\`\n`),
  ...others,
].join('\n\n');
const options = await prettier.resolveConfig(file);
const wanted = await prettier.format(text, { ...options, filepath: file });
const found = existsSync(file) ? readFileSync(file, 'utf8') : undefined;
if (found !== wanted && process.argv.includes('--check')) {
  console.error(
    'docs/reference/ambit.md is not what its source says: run `npm run gen` and commit the result.',
  );
  process.exitCode = 1;
} else if (found !== wanted) {
  writeFileSync(file, wanted);
  console.log('wrote docs/reference/ambit.md');
}
