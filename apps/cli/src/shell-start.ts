import { writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Environment } from '@ambit/config';

/** What is started within a cluster, and the variables that it gets beside its KUBECONFIG. */
export interface Started {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Environment;
}

/**
 * The shell of a person with the place in its prompt. Bash and zsh set their prompt in files of the person, so that ours comes after
 * them; others take the variable.
 */
export async function shellStart(
  place: string,
  folder: string,
  env: Environment,
): Promise<Started> {
  const program = env['SHELL'] || '/bin/sh';
  const common = { AMBIT_PLACE: place };
  const prompt = `(${place}) `;
  if (basename(program) === 'bash') {
    const file = join(folder, 'bashrc');
    await writeFile(file, `[ -r ~/.bashrc ] && . ~/.bashrc\nPS1='${prompt}'"$PS1"\n`, {
      mode: 0o600,
    });
    return { program, args: ['--rcfile', file], env: common };
  }
  if (basename(program) === 'zsh') {
    const home = '"${AMBIT_ZDOTDIR:-$HOME}"';
    const text = `ZDOTDIR=${home}\n[ -r ${home}/.zshrc ] && . ${home}/.zshrc\nPROMPT='${prompt}'"$PROMPT"\n`;
    await writeFile(join(folder, '.zshrc'), text, { mode: 0o600 });
    const own = env['ZDOTDIR'] ?? '';
    return { program, args: [], env: { ...common, ZDOTDIR: folder, AMBIT_ZDOTDIR: own } };
  }
  return { program, args: [], env: { ...common, PS1: `${prompt}$ ` } };
}
