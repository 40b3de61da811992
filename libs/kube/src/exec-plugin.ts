import { invalid, KubeconfigFields } from './kubeconfig-document.ts';

/** A credential plugin as a kubeconfig names it. */
export interface ExecPlugin {
  readonly apiVersion: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly provideClusterInfo: boolean;
  readonly installHint: string | undefined;
}

const v1 = 'client.authentication.k8s.io/v1';
const v1beta1 = 'client.authentication.k8s.io/v1beta1';

/** The plugin of `exec`. Throws `AppError` `config_invalid` for what kubectl refuses, and for one that needs a person. */
export function execPlugin(exec: KubeconfigFields, path: string): ExecPlugin {
  const apiVersion = exec.text('apiVersion');
  const command = exec.text('command');
  if (command === undefined) {
    throw invalid(`The exec plugin in ${path} has no command.`, 'Give exec.command.');
  }
  if (apiVersion !== v1 && apiVersion !== v1beta1) {
    throw invalid(
      `The exec plugin in ${path} has no apiVersion that is known here.`,
      `Give exec.apiVersion: ${v1} or ${v1beta1}.`,
    );
  }
  refuseInteractive(exec.text('interactiveMode'), apiVersion, path);
  return {
    apiVersion,
    command,
    args: exec.list('args').map((arg) => wordOf(arg, path)),
    env: exec.list('env').map((variable) => variableOf(variable, path)),
    provideClusterInfo: exec.flag('provideClusterInfo'),
    installHint: exec.text('installHint'),
  };
}

function refuseInteractive(mode: string | undefined, apiVersion: string, path: string): void {
  if (mode === 'Never' || mode === 'IfAvailable') return;
  if (mode === undefined && apiVersion === v1beta1) return;
  throw mode === 'Always'
    ? invalid(
        `The exec plugin in ${path} needs a person.`,
        'Use one that needs nobody to answer it.',
      )
    : invalid(
        `The exec plugin in ${path} has no interactiveMode that is known.`,
        'Give exec.interactiveMode: Never or IfAvailable.',
      );
}

function wordOf(arg: unknown, path: string): string {
  if (typeof arg === 'string') return arg;
  throw invalid(
    `An argument of the exec plugin in ${path} is not a text.`,
    'Quote numbers and words such as yes.',
  );
}

function variableOf(item: unknown, path: string): { name: string; value: string } {
  const variable = new KubeconfigFields(item, `variable of the exec plugin in ${path}`);
  const name = variable.text('name');
  if (name !== undefined) return { name, value: variable.text('value') ?? '' };
  throw invalid(
    `A variable of the exec plugin in ${path} has no name.`,
    'Give each of exec.env a name.',
  );
}
