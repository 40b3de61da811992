import type { Container } from './container-host.ts';

/** What the first process of a container is and may do, by what the kernel says of it. */
export interface ContainerPowers {
  /** What came of writing to each of five folders, of which the last is `/tmp`: `written` or the code of the error. */
  readonly tried: readonly string[];
  readonly uid: readonly string[];
  readonly gid: readonly string[];
  readonly cap: readonly string[];
  readonly gain: readonly string[];
}

const script = `
  const tried = ['/x', '/opt/ambit/x', '/usr/local/bin/x', '/etc/x', '/tmp/x'].map((path) => {
    try { fs.writeFileSync(path, ''); return 'written'; } catch (error) { return error.code; }
  });
  const status = fs.readFileSync('/proc/1/status', 'utf8');
  const of = (name) => new RegExp('^' + name + ':\\\\s*(.*)$', 'm').exec(status)[1].split(/\\s+/);
  console.log(JSON.stringify({ tried, uid: of('Uid'), gid: of('Gid'), cap: of('CapPrm'), gain: of('NoNewPrivs') }));`;

/** Asks from within the container. */
export async function powersOf(container: Container): Promise<ContainerPowers> {
  return JSON.parse(await container.exec('node', '-e', script)) as ContainerPowers;
}
