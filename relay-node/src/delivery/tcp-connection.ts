// A TCP connection to one address, or why there is none. Nothing is looked up here: the address was checked by the caller.
import { connect, type Socket } from 'node:net';
import type { Fact } from './facts.ts';

export type TcpRequest = {
  readonly address: string;
  readonly port: number;
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
};

export type TcpResult = { readonly ok: true; readonly socket: Socket } | { readonly ok: false; readonly fact: Fact };

export function connectTcp({ address, port, deadlineMs, signal }: TcpRequest): Promise<TcpResult> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port });
    const end = (result: TcpResult) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      socket.removeListener('error', refused);
      if (!result.ok) socket.on('error', () => undefined).destroy();
      resolve(result);
    };
    const fail = (fact: Fact) => end({ ok: false, fact });
    const abort = () => fail({ kind: 'interrupted' });
    const refused = (error: NodeJS.ErrnoException) => fail({ kind: 'unreachable', detail: error.code ?? error.name });
    const timer = setTimeout(() => fail({ kind: 'unreachable', detail: 'ETIMEDOUT' }), deadlineMs);
    signal.addEventListener('abort', abort);
    socket.once('error', refused);
    socket.once('connect', () => end({ ok: true, socket }));
    if (signal.aborted) abort();
  });
}
