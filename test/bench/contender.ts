// What the benchmark needs to know of a relay, whichever it is: where to send, what it costs, how to stop it.
import type { LoadSettings } from './load.ts';

export type Contender = {
  readonly name: string;
  /** How a client reaches it. */
  readonly client: Pick<LoadSettings, 'port' | 'tls' | 'auth'>;
  /** Groups of process ids whose CPU and memory are counted, e.g. `relay` and `nats-server`. */
  readonly processes: Readonly<Record<string, readonly number[]>>;
  stop(): Promise<void>;
};

export type ContenderOptions = {
  readonly directory: string;
  readonly receiverPort: number;
  /** TLS on both sides; otherwise the client side is as plain as the contender allows and the next hop is in clear. */
  readonly tls: boolean;
  readonly certificate: { readonly cert: string; readonly key: string };
  /** RSA-2048, PKCS #8 PEM, selector `bench` of bench.example. */
  readonly dkimKey: string;
  /** The processor the contender is pinned to. */
  readonly cpu: number;
};
