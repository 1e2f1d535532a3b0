// Where everything of a local fleet lies below its state directory. Paths only: nothing is read or written here.
import { join } from 'node:path';

/** Used when a command gets no --state-dir. */
export const defaultState = '.relayfleet';

export type StateDirectory = {
  readonly root: string;
  /** Held by a running `relayfleet local`. */
  readonly lock: string;
  /** Ports of the last run. */
  readonly ports: string;
  /** What a running fleet offers: docs/reference/ready-file.md. */
  readonly readyFile: string;
  /** Link to the PEM bundle that the listeners' certificates verify against. */
  readonly caFile: string;
  readonly natsDirectory: string;
  /** Users of the nats-server, generated once. */
  readonly natsCredentials: string;
  /** Manifests made here, watched by the operator besides the user's. */
  readonly manifests: string;
  /** The operator's own state: owned Secrets, mounts, statuses. */
  readonly operator: string;
  readonly statuses: string;
  readonly mounts: string;
  readonly received: string;
  readonly logs: string;
};

export function stateDirectory(root: string): StateDirectory {
  const operator = join(root, 'operator');
  return {
    root,
    lock: join(root, 'lock.json'),
    ports: join(root, 'ports.json'),
    readyFile: join(root, 'ready.json'),
    caFile: join(root, 'ca.crt'),
    natsDirectory: join(root, 'nats'),
    natsCredentials: join(root, 'nats', 'users.json'),
    manifests: join(root, 'manifests'),
    operator,
    statuses: join(operator, 'status'),
    mounts: join(operator, 'mounts'),
    received: join(root, 'received'),
    logs: join(root, 'logs'),
  };
}
