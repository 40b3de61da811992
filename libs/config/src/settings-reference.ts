import type { Names, SettingsSchema } from './define-settings.ts';
import type { Setting } from './setting.ts';

/** The default of a setting as text, empty when it has none. */
export function defaultText(one: Setting<unknown>): string {
  const given = one.options.default;
  return typeof given === 'object' ? given.text : (given ?? '');
}

/** Every setting with flag, variable, default and meaning, for `--help`. */
export function settingsHelp(schema: SettingsSchema): string {
  const lines = [
    'Settings (a flag beats the environment, which beats the file, which beats the default):',
  ];
  for (const names of schema.names) {
    const one = schema.declared[names.key];
    if (one === undefined) continue;
    lines.push('', `  ${places(names, one).join('  ')}`, `      ${one.options.describe}`);
    const fallback = defaultText(one);
    if (one.options.required === true) lines.push('      Required.');
    else if (fallback !== '') lines.push(`      Default: ${fallback}`);
  }
  if (schema.configFile) {
    lines.push(
      '',
      '  --config <path>  AMBIT_CONFIG',
      '      YAML file with these settings, by the names in brackets.',
    );
  }
  return lines.join('\n');
}

/**
 * The reference page of a program's settings as Markdown.
 * @public The pages of this repository are written with it.
 */
export function settingsPage(schema: SettingsSchema): string {
  const rows = schema.names.flatMap((names) => {
    const one = schema.declared[names.key];
    return one === undefined ? [] : [row(names, one)];
  });
  return [
    `# Settings of ${schema.program}`,
    '',
    'A flag beats the environment, which beats the YAML file, which beats the default. All problems are reported',
    'together, and the program then exits with 78.',
    '',
    ...(schema.configFile
      ? ['`--config` or `AMBIT_CONFIG` names the YAML file; its keys are the names below.', '']
      : []),
    '| setting | flag | variable | default | meaning |',
    '|---|---|---|---|---|',
    ...rows,
    '',
    ...schema.notes.flatMap((note) => [note, '']),
  ].join('\n');
}

function row(names: Names, one: Setting<unknown>): string {
  const flags = [names.flag, names.flagFile].flatMap((flag) =>
    flag === undefined ? [] : [`\`--${flag}\``],
  );
  const variables = [names.env, names.envFile].flatMap((name) =>
    name === undefined ? [] : [`\`${name}\``],
  );
  const fallback = defaultText(one);
  const shown =
    one.options.required === true ? '*required*' : fallback === '' ? '' : `\`${fallback}\``;
  const cells = [
    `\`${names.key}\``,
    flags.join(', '),
    variables.join(', '),
    shown,
    one.options.describe,
  ];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function places(names: Names, one: Setting<unknown>): string[] {
  const value = one.kind === 'toggle' ? '' : ` <${one.placeholder}>`;
  return [
    ...(names.flag === undefined ? [] : [`--${names.flag}${value}`]),
    ...(names.flagFile === undefined ? [] : [`--${names.flagFile} <path>`]),
    ...(names.env === undefined ? [] : [names.env]),
    ...(names.envFile === undefined ? [] : [names.envFile]),
    `[${names.key}]`,
  ];
}
