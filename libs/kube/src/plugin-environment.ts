type Variables = Readonly<Record<string, string | undefined>>;

/**
 * What credential plugins of cloud providers live on. Everything else stays ours: join tokens, database URLs and whatever
 * other secrets stand in the environment of the program that uses this library.
 */
const inherited = [
  /^(PATH|HOME|USER|LOGNAME|USERNAME|SHELL|LANG|LANGUAGE|LC_\w+|TZ|TERM|TMPDIR|TMP|TEMP|HOSTNAME)$/,
  /^(SYSTEMROOT|WINDIR|COMSPEC|PATHEXT|APPDATA|LOCALAPPDATA|PROGRAMDATA|USERPROFILE|HOMEDRIVE|HOMEPATH)$/i,
  /^(https?|all|no|ftp)_proxy$/i,
  /^(SSL_CERT_FILE|SSL_CERT_DIR|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE)$/,
  /^XDG_\w+$/,
  /^(KUBECONFIG|KUBECACHEDIR|KUBERNETES_(SERVICE|PORT)\w*)$/,
  /^(AWS|AZURE|AAD|ARM|MSI|IDENTITY|IMDS|GOOGLE|CLOUDSDK|GCE|OCI|OS|ALIBABA_CLOUD|DIGITALOCEAN|IBMCLOUD)_\w+$/,
];

/** The part of an environment that a credential plugin inherits. What else it needs stands in `env` of the kubeconfig. */
export function inheritedByPlugins(environment: Variables): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(environment).filter(([name]) => inherited.some((one) => one.test(name))),
  );
}
