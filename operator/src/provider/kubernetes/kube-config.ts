// Where the API server is and how to log in: KUBECONFIG, ~/.kube/config, or the pod's service account, in client-node's order.
// Says in words when there is none, instead of trying localhost:8080 as the library would.
import { KubeConfig } from '@kubernetes/client-node';

export type LoadedKubeConfig =
  { readonly ok: true; readonly kubeConfig: KubeConfig } | { readonly ok: false; readonly problem: string };

export function loadKubeConfig(): LoadedKubeConfig {
  const kubeConfig = new KubeConfig();
  try {
    kubeConfig.loadFromDefault();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    return { ok: false, problem: `KUBECONFIG: the kubeconfig cannot be read: ${reason}` };
  }
  const server = kubeConfig.getCurrentCluster()?.server;
  if (server === undefined || server === 'http://localhost:8080')
    return {
      ok: false,
      problem:
        'no Kubernetes cluster: set KUBECONFIG, run in a pod with a service account, or set RELAYFLEET_PROVIDER=file to work from a directory',
    };
  return { ok: true, kubeConfig };
}
