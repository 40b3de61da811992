import { AppError, didYouMean } from '@ambit/kernel';
import type { CommandContext } from '../command-context.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';

const scripts: Readonly<Record<string, string>> = {
  bash: `_ambit() {
  local IFS=$'\\n'
  COMPREPLY=($(ambit __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
# Colons and slashes are parts of names.
COMP_WORDBREAKS=\${COMP_WORDBREAKS//[:=]/}
complete -o default -F _ambit ambit
`,
  zsh: `#compdef ambit
_ambit() {
  local -a found
  found=("\${(@f)$(ambit __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  compadd -a found
}
compdef _ambit ambit
`,
  fish: `complete -c ambit -f -a '(ambit __complete -- (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'
`,
};

/** `ambit completion`. */
export async function completion(
  { terminal }: CommandContext,
  [shell = '']: readonly string[],
): Promise<ExitCode> {
  const script = Object.hasOwn(scripts, shell) ? scripts[shell] : undefined;
  if (script === undefined) {
    const [near] = didYouMean(shell, Object.keys(scripts), 1);
    throw new AppError('usage', `there is no completion for "${shell}"`, {
      hint: near === undefined ? 'known: bash, zsh, fish' : `did you mean ${near}?`,
    });
  }
  terminal.out.write(script);
  return Promise.resolve(exitCodes.done);
}
