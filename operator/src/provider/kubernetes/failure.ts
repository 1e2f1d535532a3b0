// What a failed request means to whoever runs the operator, with what to do about it. Knows the API server's codes, nothing else.
import type { ApiFailure } from './http.ts';
import type { Resource } from './resources.ts';

/** A sentence for a log or a readiness check. */
export function explain(resource: Resource, failure: ApiFailure): string {
  const what = `${resource.plural} (${resource.apiVersion})`;
  switch (failure.status) {
    case 0:
      return `the API server cannot be reached: ${failure.message}`;
    case 401:
      return 'the API server refuses the operator’s credentials: check the kubeconfig or the service account’s token';
    case 403:
      return `${failure.message}: grant the operator’s service account get, list, watch and patch on ${what}`;
    case 404:
      return `the API server does not serve ${what}: apply the CRDs (kubectl apply -f crds/)`;
    case 429:
      return `the API server is busy (${failure.message}); tried again`;
    default:
      return `${what}: ${failure.message} (HTTP ${failure.status} ${failure.reason})`;
  }
}
